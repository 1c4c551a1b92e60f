// When credentials are fetched again: pure functions of times, for CredentialsCache.
#pragma once

#include <cstdint>

#include "aws/credentials.h"
#include "base/random.h"

namespace sluice::aws {

inline constexpr std::int64_t kLeastLifeMs = 15'000;  // credentials with less than this left are not handed out

// The wall-clock time to refresh credentials that were fetched at `fetched_ms` and end at `expires_ms`: max(10 min, 20
// % of their life) before the end, ± 10 % of that margin by `unit` in [0, 1); half-way through a life of under 20 min.
// Never for `expires_ms` 0 (INT64_MAX).
std::int64_t refresh_at_ms(std::int64_t fetched_ms, std::int64_t expires_ms, double unit);

// How long to wait after the `failures`-th failure in a row (1, 2, …), 50..100 % of it by `unit`. Unreachable: 1 s,
// doubling to 60 s. When a person must act: 2 s once, because one refusal may pass; then 5 s for about two minutes,
// which is how long a role that was just created may be refused; then 60 s.
std::int64_t retry_after_ms(CredentialsError::Kind kind, int failures, double unit);

}  // namespace sluice::aws
