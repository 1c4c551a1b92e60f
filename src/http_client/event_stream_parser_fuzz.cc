// Event streams from anybody: read in one piece, in two, and byte by byte, with the same events, within the limits.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "http_client/event_stream_parser.h"

namespace {

using namespace sluice::http_client;

constexpr std::size_t kMaxDataBytes = 64;

struct Reading {
  std::vector<ServerSentEvent> events;
  std::string last_event_id, error;
  bool is_inside_event = false;
  bool operator==(const Reading&) const = default;
};

Reading read_in_pieces(std::string_view stream, std::size_t first, std::size_t others) {
  EventStreamParser parser({}, kMaxDataBytes);
  Reading reading;
  for (std::size_t size = first; !stream.empty() && reading.error.empty(); size = others) {
    const std::string piece(stream.substr(0, size));  // what is read past its end is found
    stream.remove_prefix(piece.size());
    const auto fed = parser.feed(piece, [&](ServerSentEvent event) -> sluice::Result<void> {
      reading.events.push_back(std::move(event));
      return {};
    });
    if (!fed) reading.error = fed.error().message;
  }
  reading.last_event_id = parser.last_event_id();
  reading.is_inside_event = parser.is_inside_event();
  return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Reading whole = read_in_pieces(stream, SIZE_MAX, SIZE_MAX);
  SLUICE_CHECK(whole == read_in_pieces(stream, data[0] + std::size_t{1}, SIZE_MAX), "the same in two pieces");
  SLUICE_CHECK(whole == read_in_pieces(stream, 1, 1), "the same byte by byte");
  for (const ServerSentEvent& event : whole.events) {
    SLUICE_CHECK(event.data.size() < kMaxDataBytes && event.id.size() <= kMaxEventFieldBytes, "within the limits");
    SLUICE_CHECK(!event.type.empty() && event.type.find_first_of("\r\n") == std::string::npos, "a type of one line");
    SLUICE_CHECK(event.id.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "an id for a header");
  }
  return 0;
}
