#include "destinations/circuit_breaker.h"

#include <algorithm>

#include "destinations/retry_policy.h"

namespace sluice::destinations {
namespace {

bool needs_person(ErrorClass why) { return why == ErrorClass::setup || why == ErrorClass::credentials; }

}  // namespace

void CircuitBreaker::failed(ErrorClass why, std::int64_t started_us, std::int64_t now_us, Random& random) {
  const bool same_round = !closed() && started_us < failed_us_;
  if (same_round && (needs_person(why_) || !needs_person(why))) return;
  why_ = why;
  if (!same_round) ++failures_;
  failed_us_ = now_us;
  if (needs_person(why)) {
    refusals_ = std::min(refusals_ + 1, 2U);
    next_try_us_ =
        now_us + (refusals_ == 1 ? jittered_us(options_.refused_once_least_us, options_.refused_once_most_us, random)
                                 : jittered_us(options_.probe_least_us, options_.probe_most_us, random));
  } else {
    next_try_us_ = now_us + retry_delay_us(failures_, kCallRetryCapUs, random);
  }
}

bool CircuitBreaker::succeeded() {
  const bool was_closed = !closed();
  failures_ = 0;
  refusals_ = 0;
  return was_closed;
}

void CircuitBreaker::probe_now(std::int64_t now_us) { next_try_us_ = std::min(next_try_us_, now_us); }

}  // namespace sluice::destinations
