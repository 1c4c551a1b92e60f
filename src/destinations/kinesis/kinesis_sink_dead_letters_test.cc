// KinesisSink and the file of dead letters: an event is done with once its letter is kept, and keeping them holds
// nothing up.

#include <gtest/gtest.h>

#include "destinations/kinesis/sink_expectations_fake.h"

namespace sluice::kinesis {
namespace {

TEST(KinesisSink, keeps_an_event_whose_dead_letter_cannot_be_kept) {
  SinkRig rig;
  rig.dead_letters.fails = true;
  rig.put(make_events(1, 1'100'000));
  rig.put(make_events(5, 300, 1));
  ASSERT_FALSE(rig.run_until_all_finished(60'000'000));
  EXPECT_EQ(rig.finished.size(), 5u);
  ASSERT_TRUE(rig.sink->problem());
  EXPECT_EQ(rig.sink->problem()->code, "dead_letter_failed");
  rig.dead_letters.fails = false;
  ASSERT_TRUE(rig.run_until_all_finished(6'000'000));
  expect_each_finished_once(rig);
  EXPECT_FALSE(rig.sink->problem());
}

// A sync for each held a step up for as long as there were letters, and the disk with it.
TEST(KinesisSink, keeps_dead_letters_with_one_sync_and_a_bounded_number_at_a_time) {
  SinkRig rig;
  rig.put(make_events(1, 300, 9'000));
  ASSERT_TRUE(rig.run_until_all_finished());
  rig.kinesis.refuse_call = [&](const auto& records) -> std::optional<http_client::HttpResponse> {
    for (const auto& record : records)
      for (const std::uint64_t poison : {5u, 6u, 480u})
        if (holds(record, poison)) return aws_error(400, "InvalidArgumentException", "no");
    return std::nullopt;
  };
  rig.dead_letters.fails = true;
  rig.put(make_events(500, 300));
  ASSERT_FALSE(rig.run_until_all_finished(60'000'000));
  rig.dead_letters.fails = false;
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.dead_letters.letters.size(), 3u);
  EXPECT_EQ(rig.dead_letters.syncs, 1u);
  rig.dead_letters.most_at_once = 0;
  rig.put(make_events(4, 1'100'000, 10'000));  // more than a step may write
  ASSERT_TRUE(rig.run_until_all_finished());
  EXPECT_EQ(rig.dead_letters.letters.size(), 7u);
  EXPECT_EQ(rig.dead_letters.most_at_once, 1u);
}

}  // namespace
}  // namespace sluice::kinesis
