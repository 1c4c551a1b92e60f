// KinesisSink: in which form calls are sent, and how many at once.

#include <gtest/gtest.h>

#include "destinations/kinesis/sink_rig_fake.h"

namespace sluice::kinesis {
namespace {

TEST(SinkCalls, are_in_cbor_once_the_first_was_understood) {
  SinkRig rig;
  rig.put(make_events(500, 300));
  ASSERT_TRUE(rig.run_until_all_finished());
  rig.put(make_events(20'000, 300, 500));
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.kinesis.stored().size(), 20'500u);
  EXPECT_EQ(static_cast<std::size_t>(rig.kinesis.cbor_calls()), rig.kinesis.calls().size());
}

TEST(SinkCalls, are_in_json_where_cbor_is_not_understood_and_nothing_is_lost_doubled_or_blamed) {
  SinkRig rig;
  rig.kinesis.understands_cbor = false;
  rig.put(make_events(20'000, 300));
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.kinesis.stored().size(), 20'000u);
  EXPECT_EQ(rig.kinesis.copies().size(), 20'000u);
  EXPECT_EQ(rig.kinesis.cbor_calls(), 1);
  EXPECT_TRUE(rig.dead_letters.letters.empty());
  EXPECT_FALSE(rig.sink->problem());
}

// Ten events a second, each after its linger, and no answer for two seconds: a call for each would be 20 at once.
TEST(SinkCalls, are_few_at_once_at_a_low_rate_and_let_the_thread_sleep_until_an_answer_comes) {
  SinkRig rig;
  rig.run_for(1'000'000);
  rig.hangs = true;
  for (int i = 0; i < 20; ++i) {
    rig.put(make_events(1, 300, static_cast<std::uint64_t>(i)));
    rig.run_for(100'000);
  }
  EXPECT_EQ(rig.sink->stats().calls_in_flight, 4u);
  std::vector<exporting::FinishedEvent> finished;
  EXPECT_GT(rig.sink->step(rig.clock.steady_us(), finished), rig.clock.steady_us() + 100'000);
  rig.hangs = false;
  ASSERT_TRUE(rig.run_until_all_finished());
}

TEST(SinkCalls, are_as_many_as_a_long_way_needs) {
  SinkRig rig(SinkRig::default_settings(), 100);
  rig.round_trip_us = 100'000;
  rig.put(make_events(60'000, 300));
  const std::int64_t start_us = rig.clock.steady_us();
  ASSERT_TRUE(rig.run_until_all_finished());
  const double per_s = 60'000 * 1e6 / static_cast<double>(rig.clock.steady_us() - start_us);
  EXPECT_GE(per_s, 60'000) << "100 shards take 100,000 records a second";
}

}  // namespace
}  // namespace sluice::kinesis
