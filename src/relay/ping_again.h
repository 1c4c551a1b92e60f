// When mobile apps and browsers are told to ask again because upstream failed some of them. An SDK that was told to ask
// does so once: if that fails it keeps the flags that it has, and would have them until the next change.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/random.h"
#include "http_client/reconnect_delay.h"

namespace sluice::relay {

// The first time after a failure, doubled by each failure after it: all clients ask again, not only those that failed.
inline constexpr std::int64_t kPingAgainMs = 5'000;
inline constexpr std::int64_t kMostPingAgainMs = 300'000;
// Failures of requests that were told to ask come within: what a request may take, and more.
inline constexpr std::int64_t kAnsweredWithinMs = 60'000;

class PingAgain {
 public:
  // References outlive it. `notifier` is that of the worker that steps it.
  PingAgain(const Clock& clock, Notifier& notifier, Random random)
      : clock_(clock), notifier_(notifier), delay_(kPingAgainMs, kMostPingAgainMs, random) {}

  // Any thread.
  void note_failure();

  // The worker's thread.

  // Whether to tell them now; once.
  bool is_due();
  // As a worker's step.
  std::int64_t wait_us() const;

 private:
  const Clock& clock_;
  Notifier& notifier_;
  std::atomic<bool> failed_{false};
  // The worker's.
  http_client::ReconnectDelay delay_;
  std::int64_t due_us_ = INT64_MAX;
  std::int64_t quiet_since_us_ = 0;  // a failure after this is the first one in a row
};

}  // namespace sluice::relay
