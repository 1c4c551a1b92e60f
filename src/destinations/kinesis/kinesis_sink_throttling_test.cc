// KinesisSink at a stream that accepts less than arrives: it keeps to the shards' rate, and nothing is lost or late.

#include <gtest/gtest.h>

#include <map>

#include "base/rounds_fake.h"
#include "destinations/kinesis/sink_expectations_fake.h"

namespace sluice::kinesis {
namespace {

TEST(KinesisSink, loses_and_doubles_nothing_while_a_third_is_throttled) {
  SinkRig rig;
  Random dice(11);
  rig.kinesis.fail_record = [&](const ScriptedKinesis::Record&) -> std::optional<ScriptedKinesis::Failure> {
    if (dice.unit() < 0.3)
      return ScriptedKinesis::Failure{"ProvisionedThroughputExceededException", "Rate exceeded for shard shardId-x"};
    return std::nullopt;
  };
  rig.put(make_events(6'000, 300));
  ASSERT_TRUE(rig.run([&] { return rig.finished.size() > 1'000; }));
  ASSERT_TRUE(rig.sink->problem());
  EXPECT_EQ(rig.sink->problem()->weight, exporting::Problem::Weight::transient);
  EXPECT_NE(rig.sink->problem()->message.find("flag-events accepts less than arrives"), std::string::npos);
  ASSERT_TRUE(rig.run_until_all_finished());
  expect_each_finished_once(rig);
  expect_each_stored_once(rig);
  rig.kinesis.fail_record = nullptr;
  rig.run_for(15'000'000);
  EXPECT_FALSE(rig.sink->problem());
}

TEST(KinesisSink, keeps_to_the_rate_of_its_shards_and_spreads_evenly) {
  SinkRig rig(SinkRig::default_settings(), 4);
  rig.round_trip_us = 20'000;
  rig.put(make_events(80'000, 200));
  const std::int64_t start_us = rig.clock.steady_us();
  ASSERT_TRUE(rig.run([&] { return rig.finished.size() >= 40'000; }));  // many go before the shards are known
  const std::size_t from = rig.kinesis.stored().size();
  const std::int64_t from_us = rig.clock.steady_us();
  ASSERT_TRUE(rig.run_until_all_finished());
  const double seconds = static_cast<double>(rig.clock.steady_us() - from_us) / 1e6;
  const double rate = static_cast<double>(rig.kinesis.stored().size() - from) / seconds;
  EXPECT_LT(rate, 4 * 950 * 1.1) << "after " << (from_us - start_us) / 1'000'000 << " s";
  EXPECT_GT(rate, 4 * 950 * 0.9);
  std::map<int, int> by_quarter;
  for (std::size_t i = from; i < rig.kinesis.stored().size(); ++i) {
    ASSERT_FALSE(rig.kinesis.stored()[i].explicit_hash_key.empty());
    ++by_quarter[static_cast<int>(*parse_hash_key(rig.kinesis.stored()[i].explicit_hash_key) >> 126)];
  }
  for (const auto& [quarter, records] : by_quarter)
    EXPECT_NEAR(records, static_cast<double>(rig.kinesis.stored().size() - from) / 4, 400) << quarter;
}

TEST(KinesisSink, catches_up_within_seconds_when_throttling_ends) {
  SinkRig rig;
  rig.put(make_events(4'000, 300));
  rig.kinesis.fail_record = [](const auto&) {
    return ScriptedKinesis::Failure{"ProvisionedThroughputExceededException", "Rate exceeded"};
  };
  ASSERT_FALSE(rig.run_until_all_finished(300'000'000));
  EXPECT_LT(rig.sink->stats().records_sent, 4'000u * 40);
  rig.kinesis.fail_record = nullptr;
  ASSERT_TRUE(rig.run_until_all_finished(12'000'000));
  expect_each_finished_once(rig);
  expect_each_stored_once(rig);
}

// A record that was unlucky ten times once waited half a minute for each further try, while others went through.
TEST(KinesisSink, has_no_straggler_while_a_stream_throttles_a_third) {
  SinkRig rig;
  Random luck(7);
  rig.kinesis.fail_record = [&luck](const auto&) -> std::optional<ScriptedKinesis::Failure> {
    if (luck.below(3) != 0) return std::nullopt;
    return ScriptedKinesis::Failure{"ProvisionedThroughputExceededException", "Rate exceeded"};
  };
  for (std::uint64_t round = 0; round < rounds(60); ++round) {
    rig.put(make_events(4'000, 300, round * 4'000));
    ASSERT_TRUE(rig.run_until_all_finished(12'000'000)) << "round " << round;
  }
  expect_each_finished_once(rig);
  expect_each_stored_once(rig);
}

}  // namespace
}  // namespace sluice::kinesis
