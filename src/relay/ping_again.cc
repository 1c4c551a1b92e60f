#include "relay/ping_again.h"

#include <algorithm>

#include "base/worker.h"

namespace sluice::relay {

void PingAgain::note_failure() {
  if (!failed_.exchange(true)) notifier_.notify();
}

void PingAgain::note_change() { due_us_ = clock_.steady_us() + kPingAfterChangeMs * 1'000; }

bool PingAgain::is_due() {
  const std::int64_t now_us = clock_.steady_us();
  if (due_us_ == INT64_MAX && failed_.load()) {
    if (now_us > quiet_since_us_) delay_.reset();
    due_us_ = now_us + delay_.next_ms() * 1'000;
  }
  if (now_us < due_us_) return false;
  // What failed until now asks again with the others.
  failed_.store(false);
  due_us_ = INT64_MAX;
  quiet_since_us_ = now_us + kAnsweredWithinMs * 1'000;
  return true;
}

std::int64_t PingAgain::wait_us() const {
  return due_us_ == INT64_MAX ? kUntilNotified : std::max<std::int64_t>(due_us_ - clock_.steady_us(), 0);
}

}  // namespace sluice::relay
