// Another producer that writes to a shard all the time: it takes its part of the shard's capacity before and beside
// the calls that are tested. Its attempts are spread evenly in time and compete for the same tokens, as those of
// producers that do not know of each other do; one that is refused is not repeated. Nothing of it is kept.
#pragma once

#include <cstdint>

#include "kinesim/token_bucket.h"

namespace kinesim {

struct ForeignRate {
  double records_per_s = 0;  // attempts; 0: no producer
  double bytes_per_s = 0;
};

class ForeignProducer {
 public:
  ForeignProducer(ForeignRate rate, std::int64_t now_us);

  // Makes the attempts that became due, oldest first, each with the buckets as they are then. The buckets may be of
  // `now_us` at most.
  void advance(TokenBucket& bytes, TokenBucket& records, std::int64_t now_us);
  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t throttled() const { return throttled_; }

 private:
  double interval_us_;
  double record_bytes_;
  double next_us_;
  std::uint64_t accepted_ = 0, throttled_ = 0;
};

}  // namespace kinesim
