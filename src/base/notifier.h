// Wakes one sleeping thread: others notify it. A notification that comes while it does not sleep is kept, so none is
// lost.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

namespace sluice {

class Notifier {
 public:
  // Any thread.
  void notify() {
    {
      const std::lock_guard lock(mutex_);
      if (notified_) return;
      notified_ = true;
    }
    condition_.notify_one();
  }
  // The owner's thread: returns when the notifier was notified since the last wait, or after `timeout_us`. True when it
  // was notified.
  bool wait_us(std::int64_t timeout_us) {
    std::unique_lock lock(mutex_);
    const bool notified =
        condition_.wait_for(lock, std::chrono::microseconds(timeout_us), [this] { return notified_; });
    notified_ = false;
    return notified;
  }
  // The owner's thread: whether it was notified since the last wait; never sleeps.
  bool take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(notified_, false);
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool notified_ = false;
};

}  // namespace sluice
