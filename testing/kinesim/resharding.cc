#include <algorithm>

#include "base/check.h"
#include "kinesim/stream.h"

namespace kinesim {

Shard& Stream::route(HashKey hash) {
  const auto found = std::lower_bound(open_.begin(), open_.end(), hash,
                                      [](const Shard* shard, HashKey key) { return shard->high < key; });
  SLUICE_CHECK(found != open_.end(), "open shards cover every hash key");
  return **found;
}

Shard& Stream::add_shard(HashKey low, HashKey high, std::int64_t now_ms) {
  auto shard = std::make_unique<Shard>();
  shard->index = static_cast<std::uint32_t>(shards_.size());
  shard->low = low;
  shard->high = high;
  // Later than every shard before it, so that sequence numbers grow from parents to children.
  shard->epoch_us = std::max(static_cast<std::uint64_t>(now_ms) * 1000, last_epoch_us_ + 1);
  last_epoch_us_ = shard->epoch_us;
  shard->created_ms = now_ms;
  shard->bytes = TokenBucket(settings_.limits.bytes_per_s, settings_.limits.burst_bytes);
  shard->records = TokenBucket(settings_.limits.records_per_s, settings_.limits.burst_records);
  shards_.push_back(std::move(shard));
  return *shards_.back();
}

void Stream::close(Shard& shard, std::int64_t now_ms) { shard.closed_ms = now_ms; }

void Stream::rebuild_open() {
  open_.clear();
  for (const auto& shard : shards_)
    if (shard->open()) open_.push_back(shard.get());
  std::sort(open_.begin(), open_.end(), [](const Shard* a, const Shard* b) { return a->low < b->low; });
}

sluice::Result<void> Stream::split(std::uint32_t index, HashKey new_low, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  Shard& parent = *shards_[index];
  if (!parent.open())
    return sluice::fail("Shard " + shard_id(index) + " in stream " + name_ + " under account " + account_ +
                        " has already been merged or split, and thus is not eligible for merging or splitting.");
  if (new_low <= parent.low + 1 || new_low >= parent.high)
    return sluice::fail("NewStartingHashKey " + hash_key_text(new_low) + " used in SplitShard() on shard " +
                        shard_id(index) + " in stream " + name_ + " under account " + account_ +
                        " is not both greater than one plus the shard's StartingHashKey " + hash_key_text(parent.low) +
                        " and less than the shard's EndingHashKey " + hash_key_text(parent.high - 1) + ".");
  Shard& left = add_shard(parent.low, new_low - 1, now_ms);
  Shard& right = add_shard(new_low, parent.high, now_ms);
  left.parent = right.parent = index;
  close(parent, now_ms);
  rebuild_open();
  return {};
}

sluice::Result<void> Stream::merge(std::uint32_t index, std::uint32_t adjacent, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  Shard& one = *shards_[index];
  Shard& other = *shards_[adjacent];
  for (const Shard* shard : {&one, &other})
    if (!shard->open())
      return sluice::fail("Shard " + shard_id(shard->index) + " in stream " + name_ + " under account " + account_ +
                          " has already been merged or split, and thus is not eligible for merging or splitting.");
  if (index == adjacent || (one.high + 1 != other.low && other.high + 1 != one.low) || one.low == other.low)
    return sluice::fail("Shards " + shard_id(index) + " and " + shard_id(adjacent) + " in stream " + name_ +
                        " under account " + account_ + " are not an adjacent pair of shards eligible for merging");
  Shard& child = add_shard(std::min(one.low, other.low), std::max(one.high, other.high), now_ms);
  child.parent = index;
  child.adjacent_parent = adjacent;
  close(one, now_ms);
  close(other, now_ms);
  rebuild_open();
  return {};
}

void Stream::set_shard_count(std::uint32_t count, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const std::vector<Shard*> parents = open_;
  for (Shard* parent : parents) close(*parent, now_ms);
  const HashKey width = kMaxHashKey / count + (kMaxHashKey % count == count - 1 ? 1 : 0);
  for (std::uint32_t i = 0; i < count; ++i) {
    const HashKey low = i * width;
    const HashKey high = i + 1 == count ? kMaxHashKey : low + (width - 1);
    Shard& child = add_shard(low, high, now_ms);
    for (const Shard* parent : parents) {
      if (parent->high < low || parent->low > high) continue;
      (child.parent ? child.adjacent_parent : child.parent) = parent->index;
      if (child.adjacent_parent) break;
    }
  }
  settings_.shards = count;
  rebuild_open();
}

void Stream::replace_shards(std::vector<Shard> shards) {
  const std::lock_guard lock(mutex_);
  shards_.clear();
  for (auto& shard : shards) {
    shard.bytes = TokenBucket(settings_.limits.bytes_per_s, settings_.limits.burst_bytes);
    shard.records = TokenBucket(settings_.limits.records_per_s, settings_.limits.burst_records);
    last_epoch_us_ = std::max(last_epoch_us_, shard.epoch_us);
    shards_.push_back(std::make_unique<Shard>(std::move(shard)));
  }
  rebuild_open();
}

}  // namespace kinesim
