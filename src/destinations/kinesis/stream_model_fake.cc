#include "destinations/kinesis/stream_model_fake.h"

#include <algorithm>
#include <string>
#include <utility>

#include "destinations/retry_policy.h"

namespace sluice::kinesis {
namespace {

constexpr std::int64_t kStepUs = 1'000;
constexpr std::size_t kRecordsPerCall = 500;
constexpr std::int64_t kLingerUs = 50'000;
constexpr std::int64_t kPauseUs = 25'000;  // between calls of a sender that is held back
constexpr std::int64_t kLearnMapUs = 2'000'000;

}  // namespace

StreamModel::StreamModel(const StreamModelOptions& options) : options_(options), random_(options.seed) {
  shards_.resize(options.shards);
  for (StreamShard& shard : shards_) shard.filled_us = now_us_;
}

std::size_t StreamModel::add_sender(double offered_per_s) {
  senders_.push_back(std::make_unique<Sender>(options_.seed * 1000 + senders_.size() + 1));
  Sender& sender = *senders_.back();
  sender.offered_per_s = offered_per_s;
  if (options_.map_known) sender.pacer.set_map(map(), now_us_);
  return senders_.size() - 1;
}

ShardMap StreamModel::map() const {
  std::vector<Shard> shards;
  const HashKey width = (~HashKey{0} / shards_.size());
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    const HashKey first = width * i;
    const HashKey last = i + 1 == shards_.size() ? ~HashKey{0} : width * (i + 1) - 1;
    shards.push_back({"shardId-" + std::to_string(1'000'000 + i), first, last});
  }
  return ShardMap(std::move(shards));
}

void StreamModel::reshard(std::uint32_t shards) {
  shards_.assign(shards, StreamShard{});
  for (StreamShard& shard : shards_) shard.filled_us = now_us_;
  for (auto& sender : senders_)
    if (options_.map_known) sender->learn_map_us = now_us_ + kLearnMapUs;
}

bool StreamModel::take(std::uint32_t shard) {
  StreamShard& at = shards_[shard];
  const double seconds = static_cast<double>(now_us_ - at.filled_us) / 1e6;
  at.filled_us = now_us_;
  at.room.records = std::min(at.room.records + seconds * kShardRecordsPerS, kBurstRecords);
  at.room.bytes = std::min(at.room.bytes + seconds * kShardBytesPerS, kBurstBytes);
  at.foreign_due += seconds * at.foreign_per_s;
  while (at.foreign_due >= 1) {
    at.foreign_due -= 1;
    if (at.room.records >= 1) at.room.records -= 1;
  }
  if (random_.unit() < options_.refused_by_chance) return false;
  if (at.room.records < 1 || at.room.bytes < options_.record_bytes) return false;
  at.room.take({1, options_.record_bytes});
  return true;
}

void StreamModel::run_for(std::int64_t us) {
  for (const std::int64_t until = now_us_ + us; now_us_ < until; now_us_ += kStepUs) step();
}

void StreamModel::step() {
  // Who comes first in a step is chance: no sender has the stream's first room always.
  const std::size_t first = random_.below(senders_.size());
  for (std::size_t i = 0; i < senders_.size(); ++i) {
    Sender& sender = *senders_[(first + i) % senders_.size()];
    if (now_us_ >= sender.learn_map_us) {
      sender.pacer.set_map(map(), now_us_);
      sender.learn_map_us = INT64_MAX;
    }
    sender.offered_due += sender.offered_per_s * kStepUs / 1e6;
    for (; sender.offered_due >= 1; sender.offered_due -= 1) {
      sender.fresh.push({now_us_, kNoShard, 0});
      ++sender.counts.offered;
    }
    while (!sender.calls.empty() && sender.calls.begin()->first <= now_us_) {
      Call call = std::move(sender.calls.begin()->second);
      sender.calls.erase(sender.calls.begin());
      answer(sender, std::move(call));
    }
    send(sender);
  }
}

// As the sink does it: what is due of the refused first, then fresh ones; full calls at once, others when they
// lingered.
void StreamModel::send(Sender& sender) {
  if (now_us_ < sender.not_before_us || now_us_ < sender.failed_until_us) return;
  while (sender.calls.size() < (sender.failed_until_us > 0 ? 1 : options_.calls_in_flight)) {
    Call call;
    call.sent_us = now_us_;
    const bool lingered = !sender.fresh.empty() && now_us_ - sender.fresh.front().came_us >= kLingerUs;
    const bool retries = !sender.retries.empty() && sender.retries.begin()->first <= now_us_;
    if (!lingered && !retries && sender.fresh.size() < kRecordsPerCall) return;
    while (call.records.size() < kRecordsPerCall) {
      const bool retry = !sender.retries.empty() && sender.retries.begin()->first <= now_us_;
      if (!retry && sender.fresh.empty()) break;
      std::uint32_t shard = kNoShard;
      if (!sender.pacer.admit(static_cast<std::uint64_t>(options_.record_bytes), now_us_, shard)) {
        sender.not_before_us =
            std::max(sender.pacer.retry_at_us(),
                     now_us_ + kPauseUs / 2 + static_cast<std::int64_t>(sender.random.below(kPauseUs)));
        break;
      }
      Sent record = retry ? sender.retries.begin()->second : sender.fresh.front();
      retry ? static_cast<void>(sender.retries.erase(sender.retries.begin())) : sender.fresh.pop();
      record.shard = shard;
      call.records.push_back(record);
    }
    if (call.records.empty()) return;
    sender.counts.sent += call.records.size();
    const auto trip =
        options_.round_trip_us +
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(options_.round_trip_us / 2 + 1)));
    sender.calls.emplace(now_us_ + trip, std::move(call));
    if (sender.not_before_us > now_us_) return;
  }
}

void StreamModel::answer(Sender& sender, Call call) {
  if (out_) {
    for (Sent& record : call.records) sender.retries.emplace(now_us_, record);
    sender.failed_until_us = now_us_ + 1'000'000;
    return;
  }
  if (sender.failed_until_us > 0) {
    sender.failed_until_us = 0;
    sender.counts.first_delivery_after_outage_us = now_us_;
  }
  const auto bytes = static_cast<std::uint64_t>(options_.record_bytes);
  for (Sent& record : call.records) {
    const auto shards = static_cast<std::uint32_t>(shards_.size());
    const std::uint32_t shard =
        record.shard < shards ? record.shard : static_cast<std::uint32_t>(random_.below(shards));
    const bool accepted = take(shard);
    sender.pacer.note_shard(std::to_string(shard), now_us_);
    sender.pacer.count_answer(options_.map_known ? shard : kNoShard, bytes, accepted);
    if (accepted) {
      ++sender.counts.delivered;
      sender.counts.waited_us.push_back(now_us_ - record.came_us);
      continue;
    }
    ++sender.counts.refused;
    ++record.failures;
    const double by_chance = sender.pacer.refused_by_chance(options_.map_known ? shard : kNoShard);
    const std::int64_t cap_us = destinations::record_retry_cap_us(1, by_chance);
    sender.retries.emplace(now_us_ + destinations::retry_delay_us(record.failures, cap_us, sender.random), record);
  }
  sender.pacer.end_answer(call.sent_us, now_us_, sender.random);
}

StreamModel::Counts StreamModel::take_counts(std::size_t sender) {
  return std::exchange(senders_[sender]->counts, Counts{});
}

}  // namespace sluice::kinesis
