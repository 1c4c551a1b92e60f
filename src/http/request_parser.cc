#include "http/request_parser.h"

#include <fmt/format.h>

#include <boost/beast/http/parser.hpp>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <iterator>

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

// The least that is read of a body at a time.
constexpr std::size_t kLeastRead = PaddedBuffer::kKeptBytes - PaddedBuffer::kPadding;
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
constexpr std::string_view kBlanks = " \t";

// A line that continues the one before it.
bool has_folded_line(std::string_view lines) {
  for (std::size_t at = lines.find('\n'); at != lines.npos && at + 1 < lines.size(); at = lines.find('\n', at + 1))
    if (kBlanks.find(lines[at + 1]) != kBlanks.npos) return true;
  return false;
}

// RFC 9112, 3.2: a host and an optional port, or nothing. What a proxy before us reads otherwise is another site to it.
// Commas, which RFC 3986 has in names, are what two Host headers are joined by.
bool is_host(std::string_view text) {
  std::size_t at = 0;
  if (text.starts_with('[')) {
    at = text.find(']');
    if (at == std::string_view::npos) return false;
    for (const char c : text.substr(1, at - 1))
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0 && c != ':' && c != '.') return false;
    ++at;
  } else {
    constexpr std::string_view kOthers = "-._~%!$&'()*+;=";
    while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 ||
                                kOthers.find(text[at]) != std::string_view::npos))
      ++at;
  }
  if (at == text.size()) return true;
  if (text[at] != ':') return false;
  const std::string_view port = text.substr(at + 1);
  std::uint32_t number = 0;
  if (port.empty()) return true;
  const auto read = std::from_chars(port.data(), port.data() + port.size(), number);
  return read.ec == std::errc() && read.ptr == port.data() + port.size() && number <= 65'535;
}

}  // namespace

struct RequestParser::State {
  std::optional<beast_http::request_parser<SinkBody>> parser;
  ErrorCode error;  // of the last put()
};

RequestParser::RequestParser(const HttpLimits& limits, ByteAccount& account)
    : state_(std::make_unique<State>()), limits_(limits), body_(account) {}
RequestParser::~RequestParser() = default;

void RequestParser::begin() {
  auto& parser = state_->parser.emplace();
  // Above our own limit by a page, so that ours is the one that speaks.
  parser.header_limit(static_cast<std::uint32_t>(limits_.max_header_bytes + 4096));
  parser.body_limit(boost::none);
  parser.get().body() = Sink{&body_, limits_.max_body_bytes, Sink::Stop::no};
  body_.clear();
  body_limit_ = limits_.max_body_bytes;
  body_.expect(body_limit_);
  header_bytes_ = 0;
  chunk_left_ = 0;
  first_chunk_ = true;
  chunked_ = header_done_ = false;
  fault_ = {};
}

void RequestParser::release() {
  if (state_) state_->parser.reset();
  body_.release();
  header_done_ = false;
}

void RequestParser::retire() {
  release();
  body_.drop();
  state_.reset();
}

RequestParser::Step RequestParser::fail_with(unsigned status, std::string_view code, std::string message) {
  fault_ = {status, code, std::move(message)};
  return Step::failed;
}

RequestParser::Step RequestParser::too_large() {
  return fail_with(limits_.too_large_status, "payload_too_large",
                   fmt::format("The body is larger than {}.", human_bytes(body_limit_)));
}

// How many of `bytes` Beast consumed.
std::size_t RequestParser::put(std::string_view bytes) {
  ErrorCode error;
  const std::size_t consumed = state_->parser->put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  state_->error = error;
  return consumed;
}

// RFC 9112, 7.1. Old proxies write blanks between a chunk's size and its line break; Beast does not see them.
std::size_t RequestParser::put_chunk_header(std::string_view bytes) {
  const std::size_t begin = first_chunk_ ? 0 : 2;  // the line break of the chunk before
  const std::size_t digits_end = bytes.find_first_not_of(kHexDigits, begin);
  const std::size_t blanks_end = bytes.find_first_not_of(kBlanks, digits_end);
  // Only in front of the line break: joined with anything else, the size would be another.
  const bool as_it_is =
      digits_end == begin || blanks_end == digits_end || (blanks_end != bytes.npos && bytes[blanks_end] != '\r');
  if (as_it_is) {
    const std::size_t consumed = put(bytes);
    if (consumed > 0) note_chunk(bytes.substr(begin, digits_end - begin));
    return consumed;
  }
  if (blanks_end == bytes.npos) {
    state_->error = beast_http::make_error_code(beast_http::error::need_more);
    return 0;
  }
  const std::size_t consumed = put(std::string(bytes.substr(0, digits_end)).append(bytes.substr(blanks_end)));
  if (consumed == 0) return 0;
  note_chunk(bytes.substr(begin, digits_end - begin));
  return consumed + blanks_end - digits_end;
}

void RequestParser::note_chunk(std::string_view size) {
  chunk_left_ = 0;
  std::from_chars(size.data(), size.data() + size.size(), chunk_left_, 16);
  first_chunk_ = false;
}

RequestParser::Step RequestParser::feed(std::string_view& bytes) {
  auto& parser = *state_->parser;
  std::size_t consumed;
  if (!chunked_) {
    consumed = put(bytes);
  } else if (chunk_left_ == 0) {
    consumed = put_chunk_header(bytes);
  } else {
    consumed = put(bytes);
    chunk_left_ -= consumed;
  }
  const ErrorCode error = state_->error;
  const bool lines = !header_done_ || (chunked_ && parser.is_done());  // of the header, of a trailer
  const bool folded = lines && has_folded_line(bytes.substr(0, consumed));
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
  if (folded)
    return fail_with(400, "bad_request",
                     "A header continues on a second line, which HTTP/1.1 forbids; send it on one line.");
  if (waits) return Step::need_more;

  switch (parser.get().body().stop) {
    case Sink::Stop::no:
      break;
    case Sink::Stop::too_large:
      return too_large();
    case Sink::Stop::no_room:
      return fail_with(503, "overloaded", "The server has no memory for this body; try again in a second.");
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
  const auto [host, hosts_end] = fields.equal_range(beast_http::field::host);
  const bool has_host = host != hosts_end;
  // Who reads another of two hosts than a proxy before us takes the request for one to another site (RFC 9112, 3.2).
  if (has_host && std::next(host) != hosts_end)
    return fail_with(400, "bad_request", "The request has two Host headers; send one.");
  if (has_host && !is_host(std_view(host->value())))
    return fail_with(400, "bad_request",
                     "The Host header is no host with an optional port; send one such as "
                     "\"sluice.example:8030\".");
  if (!has_host && parser.get().version() >= 11)
    return fail_with(400, "bad_request", "The request has no Host header, which HTTP/1.1 requires; send one.");
  const auto [coding, end] = fields.equal_range(beast_http::field::transfer_encoding);
  // What we read as the end of a request must be what a proxy before us took for it (request smuggling).
  if (coding != end && !equals_ignoring_case(std_view(coding->value()), "chunked"))
    return fail_with(400, "bad_request",
                     "Of the transfer codings only \"chunked\" is understood; use Content-Encoding for gzip.");
  if (coding != end && parser.get().version() == 10)
    return fail_with(400, "bad_request", "HTTP/1.0 knows no Transfer-Encoding.");
  if (parser.is_done()) return Step::complete;
  chunked_ = coding != end;
  if (!limit_body(body_limit_)) return Step::failed;
  return Step::header;
}

bool RequestParser::limit_body(std::uint64_t max_bytes) {
  body_limit_ = std::min(body_limit_, max_bytes);
  state_->parser->get().body().limit = body_limit_;
  const auto length = content_length();
  if (length && *length > body_limit_) {
    fail_with(limits_.too_large_status, "payload_too_large",
              fmt::format("The body has {}; at most {} are taken.", human_bytes_beside(*length, body_limit_),
                          human_bytes_beside(body_limit_, *length)));
    return false;
  }
  body_.expect(length.value_or(body_limit_));
  return true;
}

std::uint64_t RequestParser::body_left() const {
  const std::uint64_t most = content_length().value_or(body_limit_);
  return most - std::min<std::uint64_t>(most, body_.size());
}

bool RequestParser::make_room(std::size_t bytes) {
  const std::uint64_t wanted = std::min<std::uint64_t>(bytes, body_left());
  return wanted == 0 || body_.reserve(static_cast<std::size_t>(wanted));
}

std::size_t RequestParser::next_read() const {
  return body_.room() > 0 ? body_.room() : std::max(kLeastRead, body_.size());
}

std::uint64_t RequestParser::still_needed() const {
  const std::uint64_t most = body_.size() + body_left();
  return most - std::min(most, body_.counted());
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
  if (!state_ || !state_->parser) return;
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

void HttpRequest::append_headers(std::vector<std::pair<std::string_view, std::string_view>>& out) const {
  if (parser_headers == nullptr) return;
  for (const auto& field : *static_cast<const Fields*>(parser_headers))
    out.emplace_back(std_view(field.name_string()), std_view(field.value()));
}

}  // namespace sluice::http
