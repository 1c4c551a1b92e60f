#include "kinesim/foreign_producer.h"

#include <algorithm>

#include "base/check.h"

namespace kinesim {
namespace {
// After a longer pause of the calls that are tested, what is older than this made no difference: the buckets hold about
// as much.
constexpr double kLongestCatchUp_us = 15e6;
}  // namespace

ForeignProducer::ForeignProducer(ForeignRate rate, std::int64_t now_us) {
  SLUICE_CHECK(rate.records_per_s > 0, "a producer makes attempts");
  interval_us_ = 1e6 / rate.records_per_s;
  record_bytes_ = rate.bytes_per_s / rate.records_per_s;
  next_us_ = static_cast<double>(now_us) + interval_us_;
}

void ForeignProducer::advance(TokenBucket& bytes, TokenBucket& records, std::int64_t now_us) {
  const auto now = static_cast<double>(now_us);
  if (now - next_us_ > kLongestCatchUp_us) next_us_ = now - kLongestCatchUp_us;
  for (; next_us_ <= now; next_us_ += interval_us_) {
    const auto at_us = static_cast<std::int64_t>(next_us_);
    bytes.refill(at_us);
    records.refill(at_us);
    if (!bytes.has(record_bytes_) || !records.has(1)) {
      ++throttled_;
      continue;
    }
    bytes.take(record_bytes_);
    records.take(1);
    ++accepted_;
  }
}

}  // namespace kinesim
