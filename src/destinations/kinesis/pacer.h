// When the next record may go, and to which shard. If the shards are known and the stream is busy, each record gets a
// key of a shard that has room for it, and each shard is paced by what it takes; otherwise keys are random, and the
// stream is paced as a whole once it refuses records (rate_controller.h). One thread; times in steady microseconds.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "destinations/kinesis/capacity.h"
#include "destinations/kinesis/hash_key.h"
#include "destinations/kinesis/rate_controller.h"
#include "destinations/kinesis/shard_map.h"
#include "destinations/kinesis/shards_seen.h"

namespace sluice::kinesis {

inline constexpr double kFirstShare = 0.95;  // of a shard's limit: clocks and AWS's own windows differ a little
inline constexpr double kBusyShare = 0.7;    // of the stream's limit: from here on records are aimed
inline constexpr std::int64_t kBusyForUs = 60'000'000;

class Pacer {
 public:
  // Every change of the map. Empty: not known.
  void set_map(const ShardMap& map, std::int64_t now_us);

  // Whether one more record of that many bytes may go out now; takes its room. `shard` becomes the one to aim at, or
  // kNoShard for a random key. When not: retry_at_us() says when to ask again.
  bool admit(std::uint64_t bytes, std::int64_t now_us, std::uint32_t& shard);
  std::int64_t retry_at_us() const { return retry_at_us_; }
  // A random key of the shard's range.
  HashKey key_in(std::uint32_t shard, Random& random) const;

  // What a call brought, record by record: delivered to, or refused by, that shard (kNoShard: not known); then end.
  void count_answer(std::uint32_t shard, std::uint64_t bytes, bool accepted);
  // A shard that AWS named. While the map is not known, their number stands for that of the shards.
  void note_shard(std::string_view id, std::int64_t now_us);
  void end_answer(std::int64_t sent_us, std::int64_t now_us, Random& random);
  // The share that this shard (kNoShard: the stream) refuses whatever the rate is, as far as known; 0..1.
  double refused_by_chance(std::uint32_t shard) const {
    return shard < shards_.size() ? shards_[shard].controller.noise() : whole_.noise();
  }

  bool aims(std::int64_t now_us) const { return !shards_.empty() && now_us < busy_until_us_; }
  // Units of the stream that may be sent a second now, as far as it is limited; kNoLimit.
  double limit(std::int64_t now_us);

 private:
  struct Bucket {
    Load room;
    std::int64_t filled_us = 0;
    std::uint32_t cuts = 0;

    // Fills at the controller's rate, up to so many seconds of it, or to what a shard saves up.
    void fill(RateController& controller, std::int64_t now_us, double most_seconds);
    bool has_room(double bytes) const;
    std::int64_t wait_us(double bytes, double rate) const;
  };
  struct PacedShard {
    HashKey first, last;
    RateController controller{1.0, kFirstShare};
    Bucket bucket;
    Load accepted, refused;  // of the answer that is being counted
  };
  struct FullShard {
    std::int64_t until_us;
    std::uint32_t shard;
    static bool later(const FullShard& a, const FullShard& b) { return a.until_us > b.until_us; }
  };

  void count_sent(std::uint64_t bytes, std::int64_t now_us);
  void become_busy(std::int64_t now_us);
  bool admit_aimed(double bytes, std::int64_t now_us, std::uint32_t& shard);
  bool admit_whole(double bytes, std::int64_t now_us);

  std::vector<PacedShard> shards_;
  // Shards with room, used in turn, and those without, by when they have room again: selecting one costs O(1) as long
  // as shards have room, and O(log shards) each time that one runs out.
  std::vector<std::uint32_t> with_room_;
  std::vector<FullShard> without_room_;
  std::size_t turn_ = 0;
  std::int64_t busy_until_us_ = INT64_MIN / 2;
  std::int64_t retry_at_us_ = 0;

  RateController whole_;
  Bucket whole_bucket_;
  Load accepted_, refused_;             // of the answer that is being counted
  std::vector<std::uint32_t> counted_;  // shards in it

  ShardsSeen seen_;

  // What was sent this second, and the last.
  std::int64_t window_us_ = 0;
  Load window_, last_window_;
};

}  // namespace sluice::kinesis
