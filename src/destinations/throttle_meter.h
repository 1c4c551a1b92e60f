// The share of sent records that AWS accepts and throttles over the last seconds: sums that decay with time.
#pragma once

#include <cmath>
#include <cstdint>

namespace sluice::destinations {

class ThrottleMeter {
 public:
  // `failed`: the throttled ones among them.
  void count(std::uint64_t records, std::uint64_t bytes, std::uint64_t failed, std::uint64_t throttled,
             std::int64_t now_us) {
    decay(now_us);
    records_ += static_cast<double>(records);
    failed_ += static_cast<double>(failed);
    bytes_ += static_cast<double>(bytes);
    throttled_ += static_cast<double>(throttled);
    if (throttled > 0) last_us_ = now_us;
  }
  // Of the records sent, 0..1.
  double share() const { return records_ > 0 ? throttled_ / records_ : 0; }
  double accepted_share() const { return records_ > 0 ? 1 - failed_ / records_ : 1; }
  double records_per_s() const { return records_ / kDecayS; }
  double bytes_per_s() const { return bytes_ / kDecayS; }
  // The last throttling; long ago when there was none.
  std::int64_t last_us() const { return last_us_; }

 private:
  static constexpr double kDecayS = 5;
  void decay(std::int64_t now_us) {
    const double factor = std::exp(-static_cast<double>(now_us - decayed_us_) / 1e6 / kDecayS);
    decayed_us_ = now_us;
    records_ *= factor;
    bytes_ *= factor;
    failed_ *= factor;
    throttled_ *= factor;
  }
  double records_ = 0, bytes_ = 0, failed_ = 0, throttled_ = 0;
  std::int64_t decayed_us_ = 0;
  std::int64_t last_us_ = INT64_MIN / 2;
};

}  // namespace sluice::destinations
