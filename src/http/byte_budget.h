// Limits on the bytes of many holders together: each reserves first, and is refused when the sum would be too many.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice::http {

// Where a buffer reserves what it is about to hold.
class ByteAccount {
 public:
  virtual ~ByteAccount() = default;
  // False when a limit would be passed; then nothing is taken.
  virtual bool take(std::uint64_t bytes) = 0;
  virtual void give_back(std::uint64_t bytes) = 0;
};

// One limit. Any thread.
class ByteBudget final : public ByteAccount {
 public:
  explicit ByteBudget(std::uint64_t limit_bytes) : limit_(limit_bytes) {}

  bool take(std::uint64_t bytes) override {
    const std::uint64_t before = used_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes <= limit_) return true;
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  // Counts what is there already, even beyond the limit.
  void add(std::uint64_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void give_back(std::uint64_t bytes) override { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  std::uint64_t limit() const { return limit_; }

 private:
  const std::uint64_t limit_;
  std::atomic<std::uint64_t> used_{0};
};

}  // namespace sluice::http
