// How much may pass now: fills at a rate up to a burst. Pure; the caller brings the time.
#pragma once

#include <algorithm>
#include <cstdint>

namespace kinesim {

class TokenBucket {
 public:
  TokenBucket() = default;
  TokenBucket(double per_s, double burst) : per_s_(per_s), burst_(burst), level_(burst) {}

  void refill(std::int64_t now_us) {
    if (now_us > last_us_) {
      if (last_us_ != 0) level_ = std::min(burst_, level_ + static_cast<double>(now_us - last_us_) * per_s_ / 1e6);
      last_us_ = now_us;
    }
  }
  // After refill(). Something larger than the burst passes when the bucket is full, and is paid back.
  bool has(double amount) const { return level_ >= std::min(amount, burst_); }
  void take(double amount) { level_ -= amount; }
  double level() const { return level_; }

 private:
  double per_s_ = 0;
  double burst_ = 0;
  double level_ = 0;
  std::int64_t last_us_ = 0;
};

}  // namespace kinesim
