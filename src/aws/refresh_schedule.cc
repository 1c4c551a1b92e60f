#include "aws/refresh_schedule.h"

#include <algorithm>
#include <limits>

namespace sluice::aws {

std::int64_t refresh_at_ms(std::int64_t fetched_ms, std::int64_t expires_ms, double unit) {
  constexpr std::int64_t kMarginMs = 10 * 60'000;
  // A source that hands the same out until their end is not asked all the time.
  constexpr std::int64_t kSoonestMs = 5'000;
  if (expires_ms == 0) return std::numeric_limits<std::int64_t>::max();
  const std::int64_t life = std::max<std::int64_t>(expires_ms - fetched_ms, 0);
  const std::int64_t margin = std::min(std::max(kMarginMs, life / 5), life / 2);
  const auto jitter = static_cast<std::int64_t>(static_cast<double>(margin) * 0.1 * (2 * unit - 1));
  return std::max(expires_ms - margin + jitter, fetched_ms + kSoonestMs);
}

std::int64_t retry_after_ms(CredentialsError::Kind kind, int failures, double unit) {
  constexpr std::int64_t kFirstMs = 1'000;
  constexpr std::int64_t kMostMs = 60'000;
  constexpr std::int64_t kRefusedOnceMs = 2'000;
  constexpr std::int64_t kRefusedMs = 5'000;
  constexpr int kRefusedTries = 32;  // of 3.75 s on average: two minutes
  std::int64_t most = kMostMs;
  if (kind == CredentialsError::Kind::unreachable) {
    most = std::min(kMostMs, kFirstMs << std::clamp(failures - 1, 0, 6));
  } else if (failures <= kRefusedTries) {
    most = failures <= 1 ? kRefusedOnceMs : kRefusedMs;
  }
  const std::int64_t half = most / 2;
  return half + static_cast<std::int64_t>(static_cast<double>(half) * unit);
}

}  // namespace sluice::aws
