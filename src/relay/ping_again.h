// When mobile apps and browsers, which were told to ask for their flags, are told so again. An SDK asks once each
// time, and keeps what it has until it is told again. So they are
//   - after a change: what evaluates for them may hear of it later than Sluice, and SDKs that are told twice at short
//     intervals take the answer that comes last, be it the older one (js-core, StreamingProcessor);
//   - when upstream failed some of them.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/random.h"
#include "http_client/reconnect_delay.h"

namespace sluice::relay {

inline constexpr std::int64_t kPingAfterChangeMs = 5'000;
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

  // They are told of a change now.
  void note_change();
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
