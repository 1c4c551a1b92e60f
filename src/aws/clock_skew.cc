#include "aws/clock_skew.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/time_text.h"

namespace sluice::aws {

std::optional<std::int64_t> clock_offset_ms(const http_client::HttpResponse& response, std::int64_t wall_ms) {
  const std::optional<std::int64_t> date = parse_http_date_ms(response.header("date"));
  if (!date) return std::nullopt;
  return *date - wall_ms;
}

std::int64_t notable_clock_offset_ms(const http_client::HttpResponse& response, std::int64_t wall_ms) {
  constexpr std::int64_t kNotableMs = 30'000;
  const std::int64_t offset = clock_offset_ms(response, wall_ms).value_or(0);
  return std::abs(offset) > kNotableMs ? offset : 0;
}

bool is_clock_skew_error(std::string_view code, std::string_view message) {
  static constexpr std::array<std::string_view, 4> kCodes = {"RequestTimeTooSkewed", "RequestExpired",
                                                             "RequestInTheFuture", "RequestExpiredException"};
  if (std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end()) return true;
  return message.find("Signature expired") != std::string_view::npos ||
         message.find("Signature not yet current") != std::string_view::npos;
}

bool ClockSkew::learn(const http_client::HttpResponse& response, std::int64_t wall_ms) {
  constexpr std::int64_t kWorthMs = 60'000;
  const std::optional<std::int64_t> offset = clock_offset_ms(response, wall_ms);
  if (!offset) return false;
  const std::int64_t before = offset_ms_.exchange(*offset, std::memory_order_relaxed);
  return std::abs(*offset - before) > kWorthMs;
}

}  // namespace sluice::aws
