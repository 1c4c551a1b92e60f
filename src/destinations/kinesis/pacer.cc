#include "destinations/kinesis/pacer.h"

#include <algorithm>
#include <numeric>

namespace sluice::kinesis {
namespace {

// A shard that ran out rests for at least this long, so that it comes back with room for several records.
constexpr std::int64_t kRestUs = 20'000;
// What a stream without a known map may save up: a call's worth at most rates.
constexpr double kWholeSavedS = 0.25;
// What a shard may: as AWS lets it, short of the burst that others may have used.
constexpr double kShardSavedS = 1;
constexpr std::int64_t kWindowUs = 1'000'000;

}  // namespace

void Pacer::Bucket::fill(RateController& controller, std::int64_t now_us, double most_seconds) {
  const double rate = controller.limit(now_us);
  if (cuts != controller.cuts()) {
    cuts = controller.cuts();
    room = {std::min(room.records, 0.0), std::min(room.bytes, 0.0)};
  }
  const double seconds = static_cast<double>(std::max<std::int64_t>(now_us - filled_us, 0)) / 1e6;
  filled_us = now_us;
  const double saved = std::max(rate * most_seconds, 1 / kShardRecordsPerS);
  room.records = std::min(room.records + rate * seconds * kShardRecordsPerS, saved * kShardRecordsPerS);
  room.bytes = std::min(room.bytes + rate * seconds * kShardBytesPerS, saved * kShardBytesPerS);
}

// A record that is larger than all that can be saved up goes when nothing is owed, and leaves the bucket owing.
bool Pacer::Bucket::has_room(double bytes) const {
  return room.records >= 1 && (room.bytes >= bytes || room.bytes > 0);
}

std::int64_t Pacer::Bucket::wait_us(double, double rate) const {
  const double wait_s =
      std::max((1 - room.records) / (rate * kShardRecordsPerS), -room.bytes / (rate * kShardBytesPerS));
  return std::max(kRestUs, static_cast<std::int64_t>(wait_s * 1e6) + 1);
}

void Pacer::set_map(const ShardMap& map, std::int64_t now_us) {
  shards_.clear();
  shards_.resize(map.size());
  for (std::size_t i = 0; i < map.size(); ++i) {
    shards_[i].first = map[i].first;
    shards_[i].last = map[i].last;
  }
  with_room_.clear();
  without_room_.clear();
  counted_.clear();
  if (now_us < busy_until_us_ && !shards_.empty()) become_busy(now_us);
}

// Shards start with little room: what random keys sent to each of them lately is not known.
void Pacer::become_busy(std::int64_t now_us) {
  const bool was = aims(now_us);
  busy_until_us_ = now_us + kBusyForUs;
  if (was && !(with_room_.empty() && without_room_.empty())) return;
  for (PacedShard& shard : shards_) {
    shard.bucket.room = {kShardRecordsPerS / 10, kShardBytesPerS / 10};
    shard.bucket.filled_us = now_us;
  }
  with_room_.resize(shards_.size());
  std::iota(with_room_.begin(), with_room_.end(), 0U);
  without_room_.clear();
}

void Pacer::count_sent(std::uint64_t bytes, std::int64_t now_us) {
  if (now_us - window_us_ >= kWindowUs) {
    last_window_ = now_us - window_us_ < 2 * kWindowUs ? window_ : Load{};
    window_ = {};
    window_us_ = now_us;
  }
  window_.add({1, static_cast<double>(bytes)});
  if (!shards_.empty() &&
      std::max(window_.units(), last_window_.units()) > kBusyShare * static_cast<double>(shards_.size()))
    become_busy(now_us);
}

bool Pacer::admit(std::uint64_t bytes, std::int64_t now_us, std::uint32_t& shard) {
  shard = kNoShard;
  const auto size = static_cast<double>(bytes);
  const bool admitted = aims(now_us) ? admit_aimed(size, now_us, shard) : admit_whole(size, now_us);
  if (admitted) count_sent(bytes, now_us);
  return admitted;
}

bool Pacer::admit_aimed(double bytes, std::int64_t now_us, std::uint32_t& shard) {
  while (!without_room_.empty() && without_room_.front().until_us <= now_us) {
    std::pop_heap(without_room_.begin(), without_room_.end(), FullShard::later);
    with_room_.push_back(without_room_.back().shard);
    without_room_.pop_back();
  }
  while (!with_room_.empty()) {
    if (turn_ >= with_room_.size()) turn_ = 0;
    const std::uint32_t candidate = with_room_[turn_];
    PacedShard& paced = shards_[candidate];
    paced.bucket.fill(paced.controller, now_us, kShardSavedS);
    if (paced.bucket.has_room(bytes)) {
      paced.bucket.room.take({1, bytes});
      shard = candidate;
      ++turn_;
      return true;
    }
    paced.controller.held_back(now_us);
    with_room_[turn_] = with_room_.back();
    with_room_.pop_back();
    without_room_.push_back({now_us + paced.bucket.wait_us(bytes, paced.controller.limit(now_us)), candidate});
    std::push_heap(without_room_.begin(), without_room_.end(), FullShard::later);
  }
  retry_at_us_ = without_room_.front().until_us;
  return false;
}

bool Pacer::admit_whole(double bytes, std::int64_t now_us) {
  const double rate = whole_.limit(now_us);
  if (rate == kNoLimit) return true;
  whole_bucket_.fill(whole_, now_us, kWholeSavedS);
  if (whole_bucket_.has_room(bytes)) {
    whole_bucket_.room.take({1, bytes});
    return true;
  }
  whole_.held_back(now_us);
  retry_at_us_ = now_us + whole_bucket_.wait_us(bytes, rate);
  return false;
}

HashKey Pacer::key_in(std::uint32_t shard, Random& random) const {
  const PacedShard& range = shards_[shard];
  const HashKey drawn = (static_cast<HashKey>(random.next()) << 64) | random.next();
  const HashKey width = range.last - range.first + 1;
  return width == 0 ? drawn : range.first + drawn % width;
}

void Pacer::count_answer(std::uint32_t shard, std::uint64_t bytes, bool accepted) {
  const Load one{1, static_cast<double>(bytes)};
  (accepted ? accepted_ : refused_).add(one);
  if (shard >= shards_.size()) return;
  PacedShard& paced = shards_[shard];
  if (paced.accepted.records + paced.refused.records == 0) counted_.push_back(shard);
  (accepted ? paced.accepted : paced.refused).add(one);
}

void Pacer::note_shard(std::string_view id, std::int64_t now_us) {
  if (shards_.empty() && !id.empty()) seen_.note(id, now_us);
}

void Pacer::end_answer(std::int64_t sent_us, std::int64_t now_us, Random& random) {
  if (shards_.empty()) whole_.set_scale(static_cast<double>(std::max<std::size_t>(seen_.count(now_us), 1)));
  if (shards_.empty()) whole_.answered(accepted_, refused_, sent_us, now_us, random);
  if (!shards_.empty() && refused_.records > 0) become_busy(now_us);
  for (const std::uint32_t each : counted_) {
    PacedShard& paced = shards_[each];
    paced.controller.answered(paced.accepted, paced.refused, sent_us, now_us, random);
    paced.accepted = paced.refused = {};
  }
  counted_.clear();
  accepted_ = refused_ = {};
}

double Pacer::limit(std::int64_t now_us) {
  if (!aims(now_us)) return shards_.empty() ? whole_.limit(now_us) : kNoLimit;
  double sum = 0;
  for (PacedShard& shard : shards_) sum += shard.controller.limit(now_us);
  return sum;
}

}  // namespace sluice::kinesis
