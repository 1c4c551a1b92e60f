#include "kinesis/shard_limiter.h"

#include <algorithm>
#include <numeric>

namespace sluice::kinesis {
namespace {

constexpr double kUsPerS = 1e6;
// Half of what AWS documents for a shard, and for a stream whose shards are not known: to hold back further gains
// nothing. A throttled record costs one more sending, and others who write to the shard compete by attempts.
constexpr double kLeastFactor = 0.5;
constexpr double kLeastWholePerS = kLeastFactor * kShardRecordsPerS;
constexpr double kWholeGrowthPerS = 0.05;
// A shard that ran out rests for at least this long, so that it comes back with room for several records.
constexpr std::int64_t kRestUs = 20'000;

}  // namespace

void ShardLimiter::set_map(const ShardMap& map, std::int64_t now_us) {
  ranges_.clear();
  for (std::size_t i = 0; i < map.size(); ++i) ranges_.push_back({map[i].first, map[i].last});
  buckets_.assign(map.size(), Bucket{});
  with_room_.clear();
  without_room_.clear();
  if (now_us < busy_until_us_) become_busy(now_us);
}

// Shards start with little room: what random keys sent to each of them lately is not known.
void ShardLimiter::become_busy(std::int64_t now_us) {
  const bool was = aims(now_us);
  busy_until_us_ = now_us + kBusyForUs;
  if (was && !(with_room_.empty() && without_room_.empty())) return;
  for (Bucket& bucket : buckets_) {
    bucket.records = kShardRecordsPerS / 10;
    bucket.bytes = kShardBytesPerS / 10;
    bucket.filled_us = now_us;
  }
  with_room_.resize(buckets_.size());
  std::iota(with_room_.begin(), with_room_.end(), 0u);
  without_room_.clear();
}

void ShardLimiter::count(std::uint64_t bytes, std::int64_t now_us) {
  constexpr std::int64_t kWindowUs = 1'000'000;
  if (now_us - window_us_ >= kWindowUs) {
    const bool just_ended = now_us - window_us_ < 2 * kWindowUs;
    last_records_ = just_ended ? window_records_ : 0;
    last_bytes_ = just_ended ? window_bytes_ : 0;
    window_records_ = window_bytes_ = 0;
    window_us_ = now_us;
  }
  window_records_ += 1;
  window_bytes_ += static_cast<double>(bytes);
  const double busy = kBusyShare * static_cast<double>(buckets_.size());
  if (std::max(window_records_, last_records_) > busy * kShardRecordsPerS ||
      std::max(window_bytes_, last_bytes_) > busy * kShardBytesPerS) {
    if (!buckets_.empty()) become_busy(now_us);
  }
}

bool ShardLimiter::admit(std::uint64_t bytes, std::int64_t now_us, std::uint32_t& shard) {
  shard = kNoShard;
  const bool admitted = aims(now_us) ? admit_aimed(bytes, now_us, shard) : admit_whole(now_us);
  if (admitted) count(bytes, now_us);
  return admitted;
}

void ShardLimiter::fill(Bucket& bucket, std::int64_t now_us) const {
  const double seconds = static_cast<double>(std::max<std::int64_t>(now_us - bucket.filled_us, 0)) / kUsPerS;
  bucket.filled_us = now_us;
  bucket.factor = std::min(1.0, bucket.factor + kRecoveryPerS * seconds);
  bucket.records = std::min(kBurstRecords, bucket.records + kUsedShare * bucket.factor * kShardRecordsPerS * seconds);
  bucket.bytes = std::min(kBurstBytes, bucket.bytes + kUsedShare * bucket.factor * kShardBytesPerS * seconds);
}

bool ShardLimiter::admit_aimed(std::uint64_t bytes, std::int64_t now_us, std::uint32_t& shard) {
  while (!without_room_.empty() && without_room_.front().until_us <= now_us) {
    std::pop_heap(without_room_.begin(), without_room_.end(), FullShard::later);
    with_room_.push_back(without_room_.back().shard);
    without_room_.pop_back();
  }
  const auto size = static_cast<double>(bytes);
  while (!with_room_.empty()) {
    if (turn_ >= with_room_.size()) turn_ = 0;
    const std::uint32_t candidate = with_room_[turn_];
    Bucket& bucket = buckets_[candidate];
    fill(bucket, now_us);
    if (bucket.records >= 1 && (bucket.bytes >= size || bucket.bytes >= kBurstBytes)) {
      bucket.records -= 1;
      bucket.bytes -= size;
      shard = candidate;
      ++turn_;
      return true;
    }
    const double rate = kUsedShare * bucket.factor;
    const double wait_s = std::max((1 - bucket.records) / (rate * kShardRecordsPerS),
                                   (std::min(size, kBurstBytes) - bucket.bytes) / (rate * kShardBytesPerS));
    const auto wait_us = std::max(kRestUs, static_cast<std::int64_t>(wait_s * kUsPerS) + 1);
    with_room_[turn_] = with_room_.back();
    with_room_.pop_back();
    without_room_.push_back({now_us + wait_us, candidate});
    std::push_heap(without_room_.begin(), without_room_.end(), FullShard::later);
  }
  retry_at_us_ = without_room_.front().until_us;
  return false;
}

bool ShardLimiter::admit_whole(std::int64_t now_us) {
  if (whole_.records_per_s == 0) return true;
  const double seconds = static_cast<double>(std::max<std::int64_t>(now_us - whole_.filled_us, 0)) / kUsPerS;
  whole_.filled_us = now_us;
  whole_.records_per_s *= 1 + kWholeGrowthPerS * std::min(seconds, 1.0);
  whole_.records = std::min(whole_.records_per_s / 2, whole_.records + whole_.records_per_s * seconds);
  // Long quiet and far above what is sent: the limit has become meaningless.
  if (now_us - whole_.cut_us > kBusyForUs && whole_.records_per_s > 2 * std::max(window_records_, last_records_)) {
    whole_.records_per_s = 0;
    return true;
  }
  if (whole_.records >= 1) {
    whole_.records -= 1;
    return true;
  }
  const double wait_s = (1 - whole_.records) / whole_.records_per_s;
  retry_at_us_ = now_us + std::max(kRestUs, static_cast<std::int64_t>(wait_s * kUsPerS) + 1);
  return false;
}

HashKey ShardLimiter::key_in(std::uint32_t shard, Random& random) const {
  const Range& range = ranges_[shard];
  const HashKey drawn = (static_cast<HashKey>(random.next()) << 64) | random.next();
  const HashKey width = range.last - range.first + 1;
  return width == 0 ? drawn : range.first + drawn % width;
}

void ShardLimiter::throttled(std::uint32_t shard, std::int64_t now_us) {
  if (buckets_.empty()) {
    cut_whole(now_us);
    return;
  }
  become_busy(now_us);
  if (shard >= buckets_.size()) return;
  Bucket& bucket = buckets_[shard];
  if (now_us - bucket.cut_us < kThrottleOnceUs) return;
  fill(bucket, now_us);
  bucket.cut_us = now_us;
  bucket.factor = std::max(kLeastFactor, bucket.factor * kThrottledFactor);
  bucket.records = std::min(bucket.records, 0.0);
  bucket.bytes = std::min(bucket.bytes, 0.0);
}

void ShardLimiter::cut_whole(std::int64_t now_us) {
  if (now_us - whole_.cut_us < kThrottleOnceUs) return;
  const double sent = std::max(window_records_, last_records_);
  const double from = whole_.records_per_s == 0 ? sent : whole_.records_per_s;
  whole_.records_per_s = std::max(kLeastWholePerS, from * kThrottledFactor);
  whole_.records = 0;
  whole_.cut_us = whole_.filled_us = now_us;
}

}  // namespace sluice::kinesis
