// Times as AWS writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice {

// 2026-11-23T06:10:00Z, with fractions of a second or without, or with an offset (+01:00): ms since 1970. ISO 8601, RFC
// 3339.
std::optional<std::int64_t> parse_iso_time_ms(std::string_view text);
// Mon, 23 Nov 2026 06:10:00 GMT (RFC 9110 5.6.7, the form that is sent today): ms since 1970.
std::optional<std::int64_t> parse_http_date_ms(std::string_view text);

}  // namespace sluice
