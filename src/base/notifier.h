// Wakes one sleeping thread: others notify it. A notification that comes while it does not sleep is kept, so none is
// lost. One that finds it awake, or comes beside another, costs an exchange of one word; only a sleeping thread is
// woken by a system call (futex(2)), one each time: a condition variable took three or four.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace sluice {

class Notifier {
 public:
  // Any thread. What was written before it is seen by the owner when its wait returns.
  void notify() {
    if (state_.exchange(kNotified, std::memory_order_acq_rel) == kSleeping) wake();
  }
  // The owner's thread: returns when the notifier was notified since the last wait, or after `timeout_us`. True when it
  // was notified.
  bool wait_us(std::int64_t timeout_us);
  // The owner's thread: whether it was notified since the last wait; never sleeps.
  bool take() { return state_.exchange(kAwake, std::memory_order_acq_rel) == kNotified; }

 private:
  static constexpr std::uint32_t kAwake = 0, kNotified = 1, kSleeping = 2;
  void wake();

  std::atomic<std::uint32_t> state_{kAwake};
};

}  // namespace sluice
