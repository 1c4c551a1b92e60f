// A value that its owner replaces whole and anybody reads: a reader takes the newest one, keeps it as long as it likes,
// and never waits for the owner's work. (A mutex over two pointer assignments: std::atomic<std::shared_ptr> of GCC 12
// is a spin lock that the thread sanitizer does not know.)
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace sluice {

// Any thread.
template <typename T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first = nullptr) : value_(std::move(first)) {}
  // Null only before the first set(), when none was given at first.
  std::shared_ptr<const T> get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void set(std::shared_ptr<const T> value) {
    {
      const std::lock_guard lock(mutex_);
      value_.swap(value);
    }
    // The one before is destroyed here, outside of the lock.
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace sluice
