// Amounts as people write them in a configuration: "16 GiB", 500000, "24 h", "250 ms".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::config {

// A whole number, alone (bytes) or with B, KiB, MiB, GiB, TiB (1024) or kB, MB, GB, TB (1000). Nothing on anything else
// or an overflow.
std::optional<std::uint64_t> parse_bytes(std::string_view text);
// A whole number with ms, s, min, h or d; 0 needs no unit.
std::optional<std::int64_t> parse_duration_ms(std::string_view text);
// A whole number, digits only; `_` may group them.
std::optional<std::uint64_t> parse_number(std::string_view text);
// true or false.
std::optional<bool> parse_bool(std::string_view text);

}  // namespace sluice::config
