// Whether calls may begin. Closed while calls succeed; open after a call failed as a whole: then one probe at a time,
// until one succeeds. Pure: times in, decisions out.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "destinations/call_error.h"

namespace sluice::destinations {

struct CircuitBreakerOptions {
  // After the first refusal that only a person can fix: it may have been a passing one.
  std::int64_t refused_once_least_us = 1'000'000;
  std::int64_t refused_once_most_us = 2'000'000;
  // Between probes when only a person can fix it: often enough that delivery resumes within a minute of the fix,
  // rarely enough to cause no load and no cost.
  std::int64_t probe_least_us = 30'000'000;
  std::int64_t probe_most_us = 60'000'000;
};

class CircuitBreaker {
 public:
  explicit CircuitBreaker(CircuitBreakerOptions options) : options_(options) {}

  // A call that began at `started_us` failed. Several that were in flight together count as one failure.
  void failed(ErrorClass why, std::int64_t started_us, std::int64_t now_us, Random& random);
  // True if that closed the breaker.
  bool succeeded();
  // The next probe may begin at once: the cause may have been fixed.
  void probe_now(std::int64_t now_us);

  bool closed() const { return failures_ == 0; }
  bool may_begin(std::int64_t now_us, std::size_t in_flight) const {
    return closed() || (in_flight == 0 && now_us >= next_try_us_);
  }
  // While open.
  ErrorClass why() const { return why_; }
  std::uint32_t failures() const { return failures_; }
  // Whether a refusal that only a person can fix has been repeated: one alone may pass.
  bool refused_again() const { return refusals_ > 1; }
  std::int64_t next_try_us() const { return next_try_us_; }

 private:
  const CircuitBreakerOptions options_;
  ErrorClass why_ = ErrorClass::transient;
  std::uint32_t failures_ = 0;  // in a row, rounds of calls
  std::uint32_t refusals_ = 0;  // since it was closed, that need a person; counted to 2
  std::int64_t failed_us_ = 0;
  std::int64_t next_try_us_ = 0;
};

}  // namespace sluice::destinations
