// Keeps the rate below the stream's limits. If the shards are known and the stream is busy, each record gets a key of a
// shard that has room for it; otherwise keys are random and, after throttling, the total rate is limited. Pure but for
// the randomness handed in. Times are of the steady clock, in microseconds.
//
// A shard accepts 1,000 records/s and 1 MiB/s with bursts
// (https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html). Others may write to it too, so the
// rate goes down by a fifth at each throttling, to a half at the least, and up again a little every second.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/random.h"
#include "kinesis/hash_key.h"
#include "kinesis/send_queue.h"
#include "kinesis/shard_map.h"

namespace sluice::kinesis {

inline constexpr double kShardRecordsPerS = 1'000;
inline constexpr double kShardBytesPerS = 1'048'576;
inline constexpr double kUsedShare = 0.95;      // of a shard's limit: clocks and AWS's own windows differ a little
inline constexpr double kBurstRecords = 1'000;  // saved up by an idle shard
inline constexpr double kBurstBytes = 10 * 1'048'576;
inline constexpr double kBusyShare = 0.7;  // of the stream's limit: from here on records are aimed
inline constexpr std::int64_t kBusyForUs = 60'000'000;
inline constexpr double kThrottledFactor = 0.8;
inline constexpr double kRecoveryPerS = 0.02;             // of a shard's limit
inline constexpr std::int64_t kThrottleOnceUs = 500'000;  // answers of calls sent together count as one throttling

class ShardLimiter {
 public:
  // Every change of the map. Empty: not known.
  void set_map(const ShardMap& map, std::int64_t now_us);

  // Whether one more record of that many bytes may go out now; takes its room. `shard` becomes the one to aim at, or
  // kNoShard for a random key. When not: retry_at_us() says when to ask again.
  bool admit(std::uint64_t bytes, std::int64_t now_us, std::uint32_t& shard);
  std::int64_t retry_at_us() const { return retry_at_us_; }
  // A random key of the shard's range.
  HashKey key_in(std::uint32_t shard, Random& random) const;

  // AWS throttled a record. `shard`: whose, if known.
  void throttled(std::uint32_t shard, std::int64_t now_us);

  bool aims(std::int64_t now_us) const { return !buckets_.empty() && now_us < busy_until_us_; }
  // 0: no limit.
  double limit_records_per_s() const { return whole_.records_per_s; }

 private:
  struct Range {
    HashKey first, last;
  };
  struct Bucket {
    double records = 0, bytes = 0;
    double factor = 1;
    std::int64_t filled_us = 0;
    std::int64_t cut_us = INT64_MIN / 2;
  };
  struct FullShard {
    std::int64_t until_us;
    std::uint32_t shard;
    static bool later(const FullShard& a, const FullShard& b) { return a.until_us > b.until_us; }
  };
  struct Whole {  // the limit of all records together; used while they are not aimed
    double records_per_s = 0;
    double records = 0;
    std::int64_t filled_us = 0;
    std::int64_t cut_us = INT64_MIN / 2;
  };

  void count(std::uint64_t bytes, std::int64_t now_us);
  void become_busy(std::int64_t now_us);
  bool admit_aimed(std::uint64_t bytes, std::int64_t now_us, std::uint32_t& shard);
  bool admit_whole(std::int64_t now_us);
  void fill(Bucket& bucket, std::int64_t now_us) const;
  void cut_whole(std::int64_t now_us);

  std::vector<Range> ranges_;
  std::vector<Bucket> buckets_;
  // Shards with room, used in turn, and those without, by when they have room again: selecting one costs O(1) as long
  // as shards have room, and O(log shards) each time that one runs out.
  std::vector<std::uint32_t> with_room_;
  std::vector<FullShard> without_room_;
  std::size_t turn_ = 0;
  std::int64_t busy_until_us_ = INT64_MIN / 2;
  std::int64_t retry_at_us_ = 0;
  Whole whole_;
  // This second's count and the last's.
  std::int64_t window_us_ = 0;
  double window_records_ = 0, window_bytes_ = 0;
  double last_records_ = 0, last_bytes_ = 0;
};

}  // namespace sluice::kinesis
