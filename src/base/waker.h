// A bell that one thread sleeps on and others ring. A ring while nobody sleeps is remembered, so none is lost.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

namespace sluice {

class Waker {
 public:
  // Any thread.
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      if (rung_) return;
      rung_ = true;
    }
    bell_.notify_one();
  }
  // The owner's thread: returns when the bell was rung since the last wait, or after `timeout_us`. True when it was
  // rung.
  bool wait_us(std::int64_t timeout_us) {
    std::unique_lock lock(mutex_);
    const bool rung = bell_.wait_for(lock, std::chrono::microseconds(timeout_us), [this] { return rung_; });
    rung_ = false;
    return rung;
  }
  // The owner's thread: whether it was rung since the last wait; never sleeps.
  bool take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(rung_, false);
  }

 private:
  std::mutex mutex_;
  std::condition_variable bell_;
  bool rung_ = false;
};

}  // namespace sluice
