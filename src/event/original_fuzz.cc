// Any bytes as an original: refused with a reason, or safe to repeat. And any headers of a request: what is written of
// them can be read, and holds nothing that is not kept.
#include "event/original.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace {

using sluice::event::OriginalHeader;

void require(bool condition) {
  if (!condition) std::abort();
}

bool ends_a_line(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

void check(const sluice::event::Original& original) {
  require(original.headers.size() <= sluice::event::kMaxOriginalHeaders);
  require(!ends_a_line(original.target.path) && !ends_a_line(original.target.query));
  require(original.target.path.starts_with('/') && original.path_for("id").starts_with('/'));
  for (const auto& [name, value] : original.headers)
    require(sluice::event::is_original_header(name) && !ends_a_line(name) && !ends_a_line(value));
}

// Lines of names and values, a colon between them.
std::vector<OriginalHeader> headers_in(std::string_view text) {
  std::vector<OriginalHeader> headers;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t colon = line.find(':');
    headers.emplace_back(line.substr(0, colon), colon == line.npos ? std::string_view() : line.substr(colon + 1));
  }
  return headers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto read = sluice::event::read_original(bytes);
  if (read)
    check(*read);
  else
    require(!read.error().message.empty());

  std::string written;
  const auto headers = headers_in(bytes);
  sluice::event::append_original_head({"POST", "/events/bulk/{}", ""}, headers, "generated", written);
  written += bytes;
  const auto again = sluice::event::read_original(written);
  require(again && again->body == bytes && again->target.path == "/events/bulk/{}");
  check(*again);
  require(!again->header(sluice::event::kPayloadIdHeader).empty());
  return 0;
}
