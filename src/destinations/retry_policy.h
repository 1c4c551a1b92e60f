// When something that failed is tried again: exponential backoff with full jitter
// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/random.h"

namespace sluice::destinations {

// Calls are sent and nothing is accepted for this long, or no credentials come: said in the destination's state, long
// before a call that hangs fails.
inline constexpr std::int64_t kNoAnswerUs = 8'000'000;
inline constexpr std::int64_t kRetryBaseUs = 50'000;
// Of calls, while none succeeds: one probe at a time, so that a short cap costs nothing, and delivery resumes within
// seconds of AWS's return.
inline constexpr std::int64_t kCallRetryCapUs = 10'000'000;
// Of records, while the stream accepts others: the rate is the pacer's matter, the pause only keeps records that failed
// together from coming back together. Later events wait for one that is unlucky ten times in a row
// (exporting::kMaxWindowEvents): with 2 s here, a stream that refused 30 % by chance took 7,000 events/s of 20,000.
inline constexpr std::int64_t kRecordRetryCapUs = 100'000;
// Of records that are refused by chance (RateController::noise): no pause makes that less likely, and with the longer
// one a backlog of 250,000 events/s stood still every other second.
inline constexpr std::int64_t kChanceRetryCapUs = 20'000;
inline constexpr double kLeastChance = 0.05;
// Of records, while it takes next to none.
inline constexpr std::int64_t kRefusedRetryCapUs = 30'000'000;

// After an outage everything that waits goes out again within this time, spread so that it is no stampede.
inline constexpr std::int64_t kExpediteUs = 2'000'000;

// `accepted_share`: of the records sent lately, 0..1. `by_chance`: the share that is refused whatever the rate is.
constexpr std::int64_t record_retry_cap_us(double accepted_share, double by_chance) {
  const auto cap_us = static_cast<double>(by_chance < kLeastChance ? kRecordRetryCapUs : kChanceRetryCapUs);
  return static_cast<std::int64_t>(
      std::min(cap_us / std::max(accepted_share, 1e-9), static_cast<double>(kRefusedRetryCapUs)));
}

// The bound of the delay after the `failures`-th failure in a row (1, 2, …).
constexpr std::int64_t retry_bound_us(std::uint32_t failures, std::int64_t cap_us) {
  const std::uint32_t doublings = std::min<std::uint32_t>(failures == 0 ? 0 : failures - 1, 10);
  return std::min(kRetryBaseUs << doublings, cap_us);
}

// Uniform in 0..retry_bound_us.
inline std::int64_t retry_delay_us(std::uint32_t failures, std::int64_t cap_us, Random& random) {
  return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(retry_bound_us(failures, cap_us)) + 1));
}

// Uniform in least..most.
inline std::int64_t jittered_us(std::int64_t least_us, std::int64_t most_us, Random& random) {
  return least_us + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most_us - least_us) + 1));
}

}  // namespace sluice::destinations
