// The pacer before a simulated stream (stream_model_fake.h): what docs/cost.md and docs/delivery.md promise of
// throttled streams. SLUICE_PACING_SEEDS=10000 runs so many seeds, from SLUICE_PACING_SEED; the worst of them are
// printed.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "base/rounds_fake.h"
#include "destinations/kinesis/stream_model_fake.h"

namespace sluice::kinesis {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

ShardMap map_of(std::uint32_t count) {
  std::vector<Shard> shards;
  const HashKey width = ~HashKey{0} / count;
  for (std::uint32_t i = 0; i < count; ++i)
    shards.push_back(
        {"shardId-" + std::to_string(i), width * i + (i > 0), i + 1 == count ? ~HashKey{0} : width * (i + 1)});
  return ShardMap(std::move(shards));
}

TEST(Pacer, limits_nothing_before_anything_is_refused) {
  Pacer pacer;
  std::uint32_t shard = 0;
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(pacer.admit(1'000, kSecondUs, shard));
  EXPECT_EQ(shard, kNoShard);
}

TEST(Pacer, aims_into_the_shards_range_and_in_turn) {
  Pacer pacer;
  const ShardMap map = map_of(1'000);
  pacer.set_map(map, 0);
  Random random(5);
  pacer.count_answer(kNoShard, 500, false);
  pacer.end_answer(0, kSecondUs, random);
  std::map<std::uint32_t, int> used;
  for (int i = 0; i < 50'000; ++i) {
    std::uint32_t shard = kNoShard;
    ASSERT_TRUE(pacer.admit(500, kSecondUs, shard));
    ASSERT_LT(shard, 1'000u);
    const HashKey key = pacer.key_in(shard, random);
    ASSERT_TRUE(key >= map[shard].first && key <= map[shard].last);
    ++used[shard];
  }
  for (const auto& [shard, times] : used) EXPECT_EQ(times, 50) << shard;
}

TEST(Pacer, keeps_a_shard_to_its_records_and_bytes) {
  for (const std::uint64_t size : {200U, 8'000U, 500'000U}) {
    Pacer pacer;
    pacer.set_map(map_of(1), 0);
    Random random(5);
    pacer.count_answer(kNoShard, size, false);
    pacer.end_answer(0, kSecondUs, random);
    double records = 0;
    for (std::int64_t now_us = kSecondUs; now_us < 21 * kSecondUs; now_us += 5'000) {
      std::uint32_t shard = kNoShard;
      while (pacer.admit(size, now_us, shard)) ++records;
    }
    const double most = std::min(kShardRecordsPerS, kShardBytesPerS / static_cast<double>(size));
    EXPECT_LE(records / 20, most * 1.06) << size;
    EXPECT_GE(records / 20, most * 0.94) << size;
  }
}

struct Seeds {
  std::uint64_t first = 1, count = rounds(12);
  Seeds() {
    if (const char* text = std::getenv("SLUICE_PACING_SEEDS")) count = std::stoull(text);
    if (const char* text = std::getenv("SLUICE_PACING_SEED")) first = std::stoull(text);
  }
};

// The worst value of a property over all seeds, told at the end.
class Worst {
 public:
  explicit Worst(std::string name) : name_(std::move(name)) {}
  ~Worst() { std::cout << "worst " << name_ << ": " << value_ << " (seed " << seed_ << ")\n"; }
  void low(double value, std::uint64_t seed) { take(value, seed, !seen_ || value < value_); }
  void high(double value, std::uint64_t seed) { take(value, seed, !seen_ || value > value_); }

 private:
  void take(double value, std::uint64_t seed, bool worse) {
    seen_ = true;
    if (!worse) return;
    value_ = value;
    seed_ = seed;
  }
  std::string name_;
  double value_ = 0;
  std::uint64_t seed_ = 0;
  bool seen_ = false;
};

StreamModelOptions drawn(std::uint64_t seed, bool map_known) {
  Random random(seed);
  StreamModelOptions options;
  options.seed = seed;
  options.map_known = map_known;
  options.round_trip_us = 5'000 + static_cast<std::int64_t>(random.below(100'000));
  options.record_bytes = 200 + static_cast<double>(random.below(900));
  return options;
}

class Pacing : public testing::TestWithParam<bool> {
 protected:
  const Seeds seeds_;
  std::string with(const char* what) const {
    return std::string(what) + (GetParam() ? ", shards known" : ", shards not known");
  }
  double share(const StreamModel::Counts& counts) const {
    return counts.sent == 0 ? 0 : static_cast<double>(counts.refused) / static_cast<double>(counts.sent);
  }
};

TEST_P(Pacing, refusals_by_chance_delay_events_and_do_not_slow_the_stream) {
  Worst worst(with("share delivered within 5 s, 30 % refused by chance"));
  for (std::uint64_t i = 0; i < seeds_.count; ++i) {
    const std::uint64_t seed = seeds_.first + i;
    StreamModelOptions options = drawn(seed, GetParam());
    options.shards = 20;
    options.refused_by_chance = 0.3;
    StreamModel stream(options);
    stream.add_sender(4'000);
    stream.run_for(20 * kSecondUs);
    stream.offer(0, 0);
    stream.run_for(5 * kSecondUs);
    const auto counts = stream.take_counts(0);
    const auto soon = std::count_if(counts.waited_us.begin(), counts.waited_us.end(),
                                    [](std::int64_t us) { return us <= 5 * kSecondUs; });
    const double within = static_cast<double>(soon) / static_cast<double>(counts.offered);
    worst.low(within, seed);
    EXPECT_GE(within, 0.99) << "seed " << seed;
  }
}

TEST_P(Pacing, one_shard_is_used_to_its_last_record) {
  Worst slowest(with("records a second of one shard")), refused(with("share refused of one shard"));
  for (std::uint64_t i = 0; i < seeds_.count; ++i) {
    const std::uint64_t seed = seeds_.first + i;
    StreamModel stream(drawn(seed, GetParam()));
    stream.add_sender(3'000);
    stream.run_for(10 * kSecondUs);
    stream.take_counts(0);
    stream.run_for(30 * kSecondUs);
    const auto counts = stream.take_counts(0);
    const double most = std::min(kShardRecordsPerS, kShardBytesPerS / drawn(seed, true).record_bytes);
    slowest.low(static_cast<double>(counts.delivered) / 30 / most, seed);
    refused.high(share(counts), seed);
    EXPECT_GE(static_cast<double>(counts.delivered) / 30, 0.95 * most) << "seed " << seed;
    EXPECT_LT(share(counts), 0.05) << "seed " << seed;
  }
}

TEST_P(Pacing, a_full_shard_leaves_the_others_fully_used) {
  Worst slowest(with("records a second of 3 shards beside a full one"));
  for (std::uint64_t i = 0; i < seeds_.count; ++i) {
    const std::uint64_t seed = seeds_.first + i;
    StreamModelOptions options = drawn(seed, GetParam());
    options.shards = 4;
    options.record_bytes = 400;
    StreamModel stream(options);
    stream.set_foreign(static_cast<std::uint32_t>(seed % 4), kShardRecordsPerS);
    stream.add_sender(5'000);
    stream.run_for(15 * kSecondUs);
    stream.take_counts(0);
    stream.run_for(30 * kSecondUs);
    const auto counts = stream.take_counts(0);
    slowest.low(static_cast<double>(counts.delivered) / 30, seed);
    EXPECT_GE(static_cast<double>(counts.delivered) / 30, 0.9 * 3 * kShardRecordsPerS) << "seed " << seed;
  }
}

TEST_P(Pacing, twice_the_shards_are_used_within_5_s) {
  Worst slowest(with("share of twice the shards in the 6th second"));
  for (std::uint64_t i = 0; i < seeds_.count; ++i) {
    const std::uint64_t seed = seeds_.first + i;
    StreamModelOptions options = drawn(seed, GetParam());
    options.shards = 1 + static_cast<std::uint32_t>(seed % 4);
    options.record_bytes = 400;
    StreamModel stream(options);
    stream.add_sender(2.2 * kShardRecordsPerS * options.shards);
    stream.run_for(20 * kSecondUs);
    stream.reshard(2 * options.shards);
    stream.run_for(5 * kSecondUs);
    stream.take_counts(0);
    stream.run_for(kSecondUs);
    const double used = static_cast<double>(stream.take_counts(0).delivered) / (2 * kShardRecordsPerS * options.shards);
    slowest.low(used, seed);
    EXPECT_GE(used, 0.85) << "seed " << seed;
  }
}

TEST_P(Pacing, after_an_outage_the_stream_is_full_within_2_s) {
  Worst slowest(with("share of the stream 2 s after an outage"));
  for (std::uint64_t i = 0; i < seeds_.count; ++i) {
    const std::uint64_t seed = seeds_.first + i;
    StreamModelOptions options = drawn(seed, GetParam());
    options.shards = 2;
    options.record_bytes = 400;
    StreamModel stream(options);
    stream.add_sender(3'000);
    stream.run_for(15 * kSecondUs);
    stream.set_out(true);
    stream.run_for(30 * kSecondUs);
    stream.set_out(false);
    stream.take_counts(0);
    while (stream.take_counts(0).first_delivery_after_outage_us == 0) stream.run_for(kSecondUs / 20);
    stream.run_for(2 * kSecondUs);
    stream.take_counts(0);
    stream.run_for(2 * kSecondUs);
    const double used = static_cast<double>(stream.take_counts(0).delivered) / 2 / (2 * kShardRecordsPerS);
    slowest.low(used, seed);
    EXPECT_GE(used, 0.85) << "seed " << seed;
  }
}

TEST_P(Pacing, four_senders_share_a_stream_fairly_without_knowing_of_each_other) {
  Worst unfair(with("Jain's index of four senders")), refused(with("share refused of four senders"));
  for (std::uint64_t i = 0; i < seeds_.count; ++i) {
    const std::uint64_t seed = seeds_.first + i;
    StreamModelOptions options = drawn(seed, GetParam());
    options.shards = 1 + static_cast<std::uint32_t>(seed % 5);
    options.record_bytes = 400;
    StreamModel stream(options);
    for (int sender = 0; sender < 4; ++sender) {
      stream.add_sender(kShardRecordsPerS * options.shards);
      stream.run_for(3 * kSecondUs);
    }
    stream.run_for(57 * kSecondUs);
    for (std::size_t sender = 0; sender < 4; ++sender) stream.take_counts(sender);
    stream.run_for(30 * kSecondUs);
    double sum = 0, squares = 0, sent = 0, failed = 0;
    for (std::size_t sender = 0; sender < 4; ++sender) {
      const auto counts = stream.take_counts(sender);
      const auto delivered = static_cast<double>(counts.delivered);
      sum += delivered;
      squares += delivered * delivered;
      sent += static_cast<double>(counts.sent);
      failed += static_cast<double>(counts.refused);
    }
    const double jain = sum * sum / (4 * squares);
    unfair.low(jain, seed);
    refused.high(failed / sent, seed);
    EXPECT_GE(jain, 0.95) << "seed " << seed;
    EXPECT_LT(failed / sent, 0.05) << "seed " << seed;
    EXPECT_GE(sum / 30, 0.95 * kShardRecordsPerS * options.shards) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, Pacing, testing::Bool(),
                         [](const auto& each) { return each.param ? "known" : "not_known"; });

}  // namespace
}  // namespace sluice::kinesis
