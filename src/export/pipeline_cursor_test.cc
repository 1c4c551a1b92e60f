// The cursor: where a destination begins, and that a crash repeats only what was not saved and loses nothing.
#include <gtest/gtest.h>

#include "export/pipeline_rig_fake.h"

namespace sluice::exporting {
namespace {

TEST_F(PipelineTest, a_new_destination_starts_now_unless_told_otherwise) {
  append({event::EventKind::feature});
  destination_.from_oldest = false;
  start();
  append({event::EventKind::custom});
  sink_->answer_all(true);
  turn();
  ASSERT_EQ(sink_->delivered().size(), 1u);
  EXPECT_NE(sink_->delivered()[0].find("custom"), std::string::npos);
}

TEST_F(PipelineTest, a_new_destination_keeps_its_place_from_its_first_moment) {
  destination_.from_oldest = false;
  start();
  append({event::EventKind::feature});
  crash();
  start();
  sink_->answer_all(true);
  turn();
  EXPECT_EQ(sink_->delivered().size(), 1u);
}

TEST_F(PipelineTest, goes_on_inside_an_entry_and_repeats_only_what_was_not_saved) {
  append({event::EventKind::feature, event::EventKind::summary, event::EventKind::custom, event::EventKind::identify,
          event::EventKind::feature});
  start(2);
  turn();
  EXPECT_EQ(sink_->inside(), 2u);
  sink_->answer_newest(2);
  turn();
  turn();
  crash();
  start();
  EXPECT_EQ(pipeline_->status_now().balance.accepted, 4u);
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 2u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 2u);
  sink_->answer_all(true);
  turn();
  EXPECT_EQ(sink_->delivered().size(), 2u);
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 4u);
}

// The journal gives up only what is behind a cursor that a power cut leaves.
TEST_F(PipelineTest, a_killed_process_repeats_nothing_that_was_finished_and_the_journal_keeps_what_is_not_synced) {
  for (int i = 0; i < 6; ++i) append({event::EventKind::feature});
  start(1);
  clock_.advance_us(kCursorIntervalUs);
  finish_one();
  const auto saved = sink_->saved();
  for (int i = 0; i < 3; ++i) {
    clock_.advance_us(kCursorNoteIntervalUs);
    finish_one();
    EXPECT_EQ(sink_->saved(), saved) << "it is not synced";
  }
  crash();
  start();
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 4u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 2u);
}

TEST_F(PipelineTest, a_cursor_is_noted_a_moment_after_the_last_event_and_synced_soon) {
  const auto noted = [&] {
    return (*journal::CursorFile::open_existing(directory_ + "/cursors", destination_.id, *files_))
        ->loaded()
        ->delivered_events;
  };
  for (int i = 0; i < 2; ++i) append({event::EventKind::feature});
  start(1);
  clock_.advance_us(kCursorIntervalUs);
  finish_one();
  const auto saved = sink_->saved();
  finish_one();
  ASSERT_EQ(noted(), 1u);
  EXPECT_LE(pipeline_->step(), clock_.steady_us() + kCursorNoteIntervalUs) << "it asks to be woken";
  clock_.advance_us(kCursorNoteIntervalUs);
  EXPECT_LE(pipeline_->step(), clock_.steady_us() + kCursorIntervalUs);
  EXPECT_EQ(noted(), 2u);
  EXPECT_EQ(sink_->saved(), saved);
  clock_.advance_us(kCursorIntervalUs);
  pipeline_->step();
  EXPECT_NE(sink_->saved(), saved);
}

TEST_F(PipelineTest, cursors_of_many_destinations_are_synced_in_turns_and_without_a_turn_when_the_journal_is_short) {
  CursorSyncs syncs;
  auto cursor = journal::CursorFile::open(directory_ + "/cursors", destination_.id, *files_);
  auto sink = std::make_unique<FakeSink>(100);
  sink_ = sink.get();
  sink_->answer_all(true);
  pipeline_ = std::make_unique<Pipeline>(destination_, *journal_, std::move(*cursor), std::move(sink), clock_,
                                         std::nullopt, &syncs);
  constexpr int kOthers = 500;
  const auto deliver_behind_others = [&] {
    append({event::EventKind::feature});
    clock_.advance_us(kCursorIntervalUs);
    for (int i = 0; i < kOthers; ++i) (void)syncs.take_turn(clock_.steady_us());
    pipeline_->step();
  };
  auto saved = sink_->saved();
  deliver_behind_others();
  clock_.advance_us(kOthers * kCursorSyncEveryUs - 1);
  pipeline_->step();
  EXPECT_EQ(sink_->saved(), saved);
  clock_.advance_us(1);
  pipeline_->step();
  EXPECT_NE(sink_->saved(), saved);

  saved = sink_->saved();
  deliver_behind_others();
  pipeline_->step();
  ASSERT_EQ(sink_->saved(), saved);
  pipeline_->flush();
  pipeline_->step();
  EXPECT_NE(sink_->saved(), saved);
}

TEST_F(PipelineTest, answers_that_overtake_each_other_lose_nothing_in_a_crash) {
  for (int i = 0; i < 10; ++i)
    append({event::EventKind::feature, event::EventKind::feature, event::EventKind::feature});
  start(9);
  turn();
  sink_->answer_newest(8);  // all but the first: the cursor must not move
  turn();
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 8u);
  crash();
  start();
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 30u);
  sink_->answer_all(true);
  for (int i = 0; i < 5; ++i) turn();
  EXPECT_EQ(sink_->delivered().size(), 30u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 0u);
}

TEST_F(PipelineTest, entries_of_other_environments_do_not_hold_the_journal) {
  start();
  for (int i = 0; i < 50; ++i) append({event::EventKind::feature}, kOtherEnvironment);
  const journal::Position before = journal_->end();
  clock_.advance_us(kIdleCursorIntervalUs + 1);
  pipeline_->step();
  pipeline_->step();
  pipeline_.reset();
  auto cursor = journal::CursorFile::open(directory_ + "/cursors", destination_.id, *files_);
  ASSERT_TRUE(cursor && (*cursor)->loaded());
  EXPECT_EQ((*cursor)->loaded()->position, before);
}

TEST_F(PipelineTest, stops_with_its_cursor_saved_once_answers_are_in) {
  append({event::EventKind::feature, event::EventKind::feature});
  start();
  pipeline_->step();
  pipeline_->stop();
  pipeline_->step();
  EXPECT_TRUE(sink_->stopped());
  EXPECT_FALSE(pipeline_->stopped());
  sink_->answer_all(true);
  pipeline_->step();
  EXPECT_TRUE(pipeline_->stopped());
  pipeline_->close();
  crash();
  start();
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 2u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 0u);
}

}  // namespace
}  // namespace sluice::exporting
