// When something that failed is tried again: exponential backoff with full jitter
// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/random.h"

namespace sluice::kinesis {

inline constexpr std::int64_t kRetryBaseUs = 50'000;
inline constexpr std::int64_t kRetryCapUs = 30'000'000;

// The bound of the delay after the `failures`-th failure in a row (1, 2, …).
constexpr std::int64_t retry_bound_us(std::uint32_t failures) {
  const std::uint32_t doublings = std::min<std::uint32_t>(failures == 0 ? 0 : failures - 1, 10);
  return std::min(kRetryBaseUs << doublings, kRetryCapUs);
}

// Uniform in 0..retry_bound_us.
inline std::int64_t retry_delay_us(std::uint32_t failures, Random& random) {
  return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(retry_bound_us(failures)) + 1));
}

// Uniform in least..most.
inline std::int64_t jittered_us(std::int64_t least_us, std::int64_t most_us, Random& random) {
  return least_us + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most_us - least_us) + 1));
}

}  // namespace sluice::kinesis
