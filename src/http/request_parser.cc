#include "http/request_parser.h"

#include <fmt/format.h>

#include <boost/beast/http/parser.hpp>

#include "base/text.h"

namespace sluice::http {
namespace {

namespace beast_http = boost::beast::http;
using ErrorCode = boost::system::error_code;

// Where Beast puts the body: our buffer, which stops it when there is too much.
struct Sink {
  PaddedBuffer* body = nullptr;
  std::uint64_t limit = 0;
  enum class Stop : std::uint8_t { no, too_large, no_room } stop = Stop::no;
};

struct SinkBody {
  using value_type = Sink;
  class reader {
   public:
    template <bool IsRequest, typename Fields>
    reader(beast_http::header<IsRequest, Fields>&, Sink& sink) : sink_(sink) {}
    void init(const boost::optional<std::uint64_t>&, ErrorCode& error) { error = {}; }
    template <typename Buffers>
    std::size_t put(const Buffers& buffers, ErrorCode& error) {
      error = {};
      std::size_t taken = 0;
      for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers);
           ++it) {
        const boost::asio::const_buffer piece = *it;
        if (sink_.body->size() + piece.size() > sink_.limit)
          sink_.stop = Sink::Stop::too_large;
        else if (!sink_.body->append(static_cast<const char*>(piece.data()), piece.size()))
          sink_.stop = Sink::Stop::no_room;
        if (sink_.stop != Sink::Stop::no) {
          error = beast_http::make_error_code(beast_http::error::body_limit);
          return taken;
        }
        taken += piece.size();
      }
      return taken;
    }
    void finish(ErrorCode& error) { error = {}; }

   private:
    Sink& sink_;
  };
};

using Fields = beast_http::fields;

std::string_view std_view(boost::beast::string_view text) { return {text.data(), text.size()}; }
boost::beast::string_view beast_view(std::string_view text) { return {text.data(), text.size()}; }

// A first reservation on the word of Content-Length alone; beyond it, memory follows what really arrives.
constexpr std::size_t kTrustedLength = 1 << 20;

}  // namespace

struct RequestParser::State {
  std::optional<beast_http::request_parser<SinkBody>> parser;
};

RequestParser::RequestParser(const HttpLimits& limits, ByteBudget& budget)
    : state_(std::make_unique<State>()), limits_(limits), body_(budget) {}
RequestParser::~RequestParser() = default;

void RequestParser::begin() {
  auto& parser = state_->parser.emplace();
  // Above our own limit by a page, so that ours is the one that speaks.
  parser.header_limit(static_cast<std::uint32_t>(limits_.max_header_bytes + 4096));
  parser.body_limit(boost::none);
  parser.get().body() = Sink{&body_, limits_.max_body_bytes, Sink::Stop::no};
  body_.clear();
  header_bytes_ = 0;
  header_done_ = false;
  fault_ = {};
}

void RequestParser::release() {
  state_->parser.reset();
  body_.release();
  header_done_ = false;
}

RequestParser::Step RequestParser::fail_with(unsigned status, std::string_view code, std::string message) {
  fault_ = {status, code, std::move(message)};
  return Step::failed;
}

RequestParser::Step RequestParser::feed(std::string_view& bytes) {
  auto& parser = *state_->parser;
  ErrorCode error;
  const std::size_t consumed = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  bytes.remove_prefix(consumed);

  const bool waits = error == beast_http::error::need_more;
  if (!header_done_) {
    header_bytes_ += consumed;
    if (header_bytes_ + (waits ? bytes.size() : 0) > limits_.max_header_bytes ||
        error == beast_http::error::header_limit)
      return fail_with(
          431, "header_too_large",
          fmt::format("The request line and headers are larger than {}.", human_bytes(limits_.max_header_bytes)));
  } else if (waits && bytes.size() > limits_.max_header_bytes) {
    return fail_with(
        400, "bad_chunk",
        fmt::format("A chunk header or trailer is larger than {}.", human_bytes(limits_.max_header_bytes)));
  }
  if (waits) return Step::need_more;

  switch (parser.get().body().stop) {
    case Sink::Stop::no:
      break;
    case Sink::Stop::too_large:
      return fail_with(limits_.too_large_status, "payload_too_large",
                       fmt::format("The body is larger than {}.", human_bytes(limits_.max_body_bytes)));
    case Sink::Stop::no_room:
      return fail_with(503, "overloaded", "The server holds as many bodies as it may; try again in a second.");
  }
  if (error) return fail_with(400, "bad_request", "This is not HTTP/1.1: " + error.message() + ".");

  if (!header_done_ && parser.is_header_done()) {
    header_done_ = true;
    return after_header();
  }
  return parser.is_done() ? Step::complete : Step::more;
}

RequestParser::Step RequestParser::after_header() {
  auto& parser = *state_->parser;
  const auto& fields = parser.get().base();
  const auto [coding, end] = fields.equal_range(beast_http::field::transfer_encoding);
  // What we read as the end of a request must be what a proxy before us took for it (request smuggling).
  if (coding != end && !equals_ignoring_case(std_view(coding->value()), "chunked"))
    return fail_with(400, "bad_request",
                     "Of the transfer codings only \"chunked\" is understood; use Content-Encoding for gzip.");
  if (coding != end && parser.get().version() == 10)
    return fail_with(400, "bad_request", "HTTP/1.0 knows no Transfer-Encoding.");
  if (parser.is_done()) return Step::complete;
  if (const auto length = content_length()) {
    if (*length > limits_.max_body_bytes)
      return fail_with(limits_.too_large_status, "payload_too_large",
                       fmt::format("The body has {}; at most {} are taken.", human_bytes(*length),
                                   human_bytes(limits_.max_body_bytes)));
    if (!body_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, kTrustedLength))))
      return fail_with(503, "overloaded", "The server holds as many bodies as it may; try again in a second.");
  }
  return Step::header;
}

bool RequestParser::keep_alive() const { return state_->parser && state_->parser->keep_alive(); }
bool RequestParser::is_http_1_0() const { return state_->parser && state_->parser->get().version() == 10; }

bool RequestParser::expects_continue() const {
  const auto& fields = state_->parser->get().base();
  const auto found = fields.find(beast_http::field::expect);
  return found != fields.end() && equals_ignoring_case(std_view(found->value()), "100-continue") && !is_http_1_0();
}

std::optional<std::uint64_t> RequestParser::content_length() const {
  const auto length = state_->parser->content_length();
  if (!length) return std::nullopt;
  return *length;
}

void RequestParser::describe(HttpRequest& out) const {
  if (!state_->parser) return;
  const auto& header = state_->parser->get().base();
  out.method = std_view(header.method_string());
  out.target = std_view(header.target());
  out.parser_headers = static_cast<const Fields*>(&header);
  out.body = body_.view();

  std::string_view path = out.target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!path.starts_with(scheme)) continue;
    const std::size_t slash = path.find('/', scheme.size());
    path = slash == std::string_view::npos ? "/" : path.substr(slash);
  }
  const std::size_t question = path.find('?');
  out.path = path.substr(0, question);
  out.query = question == std::string_view::npos ? std::string_view() : path.substr(question + 1);
}

std::string_view HttpRequest::header(std::string_view name) const {
  if (parser_headers == nullptr) return {};
  const auto& fields = *static_cast<const Fields*>(parser_headers);
  const auto found = fields.find(beast_view(name));
  return found == fields.end() ? std::string_view() : std_view(found->value());
}

bool HttpRequest::has_header(std::string_view name) const {
  if (parser_headers == nullptr) return false;
  const auto& fields = *static_cast<const Fields*>(parser_headers);
  return fields.find(beast_view(name)) != fields.end();
}

}  // namespace sluice::http
