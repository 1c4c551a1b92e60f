// Feeds bytes to the request parser in pieces whose sizes the input chooses, as a socket would, and holds it to its
// limits.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "http/request_parser.h"

namespace {

void read_everything_of(const sluice::http::RequestParser& parser) {
  sluice::http::HttpRequest request;
  parser.describe(request);
  std::size_t sum = request.method.size() + request.target.size() + request.path.size() + request.query.size();
  for (const char c : request.body) sum += static_cast<unsigned char>(c);
  for (std::size_t i = 0; i < sluice::http::PaddedBuffer::kPadding; ++i)
    sum += static_cast<unsigned char>(request.body.data()[request.body.size() + i]);
  sum += request.header("Authorization").size() + (request.has_header("x-any") ? 1 : 0);
  volatile std::size_t used = sum;
  (void)used;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  sluice::http::HttpLimits limits;
  limits.max_header_bytes = 2048;
  limits.max_body_bytes = 4096;
  limits.max_buffered_bytes = 16384;
  sluice::http::ByteBudget budget(limits.max_buffered_bytes);
  sluice::http::RequestParser parser(limits, budget);

  const std::size_t piece = data[0] == 0 ? size : data[0];
  std::string pending;
  bool begun = false;
  for (std::size_t at = 1; at < size; at += piece) {
    pending.append(reinterpret_cast<const char*>(data) + at, std::min(piece, size - at));
    std::string_view rest = pending;
    while (!rest.empty()) {
      if (!begun) parser.begin();
      begun = true;
      const std::size_t before = rest.size();
      const auto step = parser.feed(rest);
      if (step == sluice::http::RequestParser::Step::need_more) break;
      if (step == sluice::http::RequestParser::Step::failed) {
        SLUICE_CHECK(parser.fault().status >= 400, "a fault has a status");
        read_everything_of(parser);
        return 0;
      }
      if (step == sluice::http::RequestParser::Step::complete) {
        read_everything_of(parser);
        SLUICE_CHECK(budget.used() <= limits.max_buffered_bytes, "the budget holds");
        parser.release();
        begun = false;
      } else {
        SLUICE_CHECK(step == sluice::http::RequestParser::Step::header || rest.size() < before, "every step gets on");
        (void)parser.expects_continue();
      }
    }
    pending.erase(0, pending.size() - rest.size());
    SLUICE_CHECK(pending.size() <= limits.max_header_bytes + piece, "what waits for more is bounded");
  }
  return 0;
}
