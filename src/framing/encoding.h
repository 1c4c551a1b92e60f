// How a destination's records hold its events. docs/encodings.md
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::framing {

enum class Encoding : std::uint8_t {
  json,         // one event a record
  ndjson,       // several, a line each
  ndjson_gzip,  // the same, compressed
  ndjson_zstd,
  kpl,  // several, as the Kinesis Producer Library aggregates them
};
inline constexpr std::array<std::string_view, 5> kEncodingNames = {"json", "ndjson", "ndjson+gzip", "ndjson+zstd",
                                                                   "kpl"};

constexpr std::string_view encoding_name(Encoding encoding) {
  return kEncodingNames[static_cast<std::size_t>(encoding)];
}
constexpr std::optional<Encoding> encoding_named(std::string_view name) {
  for (std::size_t i = 0; i < kEncodingNames.size(); ++i)
    if (kEncodingNames[i] == name) return static_cast<Encoding>(i);
  return std::nullopt;
}
constexpr bool is_packed(Encoding encoding) { return encoding != Encoding::json; }
// Whether a record is lines, compressed or not.
constexpr bool is_lines(Encoding encoding) { return is_packed(encoding) && encoding != Encoding::kpl; }
// How long an event waits for others when the destination does not say: a call is filled in a moment, a record is worth
// a second, because a part of a unit costs as much as the whole.
constexpr std::int64_t default_linger_ms(Encoding encoding) { return is_packed(encoding) ? 1'000 : 50; }

}  // namespace sluice::framing
