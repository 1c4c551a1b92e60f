#include "export/pipeline.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "export/pipeline_rig_fake.h"

namespace sluice::exporting {
namespace {

TEST_F(PipelineTest, delivers_the_kinds_that_the_destination_wants_and_counts_the_others_nowhere) {
  append(
      {event::EventKind::feature, event::EventKind::summary, event::EventKind::identify, event::EventKind::unusable});
  append({event::EventKind::feature}, kOtherEnvironment);
  start();
  EXPECT_EQ(pipeline_->status_now().balance.accepted, 2u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 2u);
  sink_->answer_all(true);
  turn();
  ASSERT_EQ(sink_->delivered().size(), 2u);
  EXPECT_EQ(sink_->delivered()[0],
            "{\"project\":\"5744c96707c9900708000004\",\"environment\":\"578d1e02d2943862c52b9686\",\"event\":{"
            "\"kind\":\"feature\",\"n\":0},\"version\":2}\n");
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 2u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 0u);
}

TEST_F(PipelineTest, counts_dead_letters_apart) {
  append({event::EventKind::feature, event::EventKind::custom, event::EventKind::feature});
  start();
  sink_->refuse("custom");
  sink_->answer_all(true);
  turn();
  const Balance balance = pipeline_->status_now().balance;
  EXPECT_EQ(balance.delivered, 2u);
  EXPECT_EQ(balance.dead_lettered, 1u);
  EXPECT_EQ(balance.waiting, 0u);
  turn();
  crash();
  start();
  EXPECT_EQ(pipeline_->status_now().balance.dead_lettered, 1u);
}

TEST_F(PipelineTest, a_sink_without_answers_bounds_what_is_read) {
  for (int i = 0; i < 200; ++i) append(std::vector<event::EventKind>(10, event::EventKind::feature));
  start(50);
  for (int i = 0; i < 20; ++i) turn();
  EXPECT_EQ(sink_->inside(), 50u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 2000u);
  EXPECT_GT(pipeline_->status_now().waiting_bytes, 0u);
  EXPECT_EQ(pipeline_->status_now().oldest_received_ms, 1'700'000'000'000);
}

TEST_F(PipelineTest, a_step_reads_a_bounded_part_of_what_waits) {
  constexpr std::size_t kEntryBytes = 600'000;
  const std::size_t entries = 2 * kStepReadBytes / kEntryBytes + 2;
  for (std::size_t i = 0; i < entries; ++i) append({event::EventKind::feature}, kPipelineEnvironment, kEntryBytes);
  start(1'000);
  const std::int64_t next_us = pipeline_->step();
  EXPECT_GT(sink_->inside(), entries / 4);
  EXPECT_LE(sink_->inside() * kEntryBytes, kStepReadBytes + kReadBytes);
  EXPECT_LE(next_us, clock_.steady_us()) << "it reads on at once";
  for (std::size_t i = 0; i < 4; ++i) pipeline_->step();
  EXPECT_EQ(sink_->inside(), entries);
}

TEST_F(PipelineTest, what_it_publishes_is_followed_at_once_when_its_state_changes) {
  append({event::EventKind::feature});
  start();
  pipeline_->step();
  EXPECT_FALSE(pipeline_->status()->problem);
  Problem problem;
  problem.code = "AccessDeniedException";
  sink_->set_problem(problem);
  pipeline_->step();
  ASSERT_TRUE(pipeline_->status()->problem);
  sink_->set_problem(std::nullopt);
  sink_->answer_all(true);
  const std::int64_t next_us = pipeline_->step();
  EXPECT_FALSE(pipeline_->status()->problem);
  append({event::EventKind::feature});
  pipeline_->step();
  EXPECT_LE(next_us, clock_.steady_us() + kStatusIntervalUs) << "what came since is to be published too";
  clock_.advance_us(kStatusIntervalUs);
  pipeline_->step();
  EXPECT_EQ(pipeline_->status()->balance.delivered, 2u);
}

TEST_F(PipelineTest, a_destination_that_never_answers_does_not_stop_for_ever) {
  append({event::EventKind::feature});
  start();
  pipeline_->step();
  pipeline_->stop();
  pipeline_->step();
  clock_.advance_us(kStopGraceUs + 1);
  EXPECT_TRUE(pipeline_->stopped());
}

}  // namespace
}  // namespace sluice::exporting
