// What a pipeline owes a sink that keeps events itself (export/sink.h): places, restarts, what it holds alone, flushes,
// and events once more.
#include <gtest/gtest.h>

#include <optional>
#include <string_view>
#include <vector>

#include "export/pipeline_rig_fake.h"

namespace sluice::exporting {
namespace {

TEST_F(PipelineTest, a_sink_is_told_where_it_begins_what_is_saved_and_how_far_was_read) {
  using enum event::EventKind;
  append({feature, summary, feature});
  append({feature}, kOtherEnvironment);
  append({summary, feature, summary});
  start();
  ASSERT_EQ(sink_->begun_at().size(), 1u);
  const EventPlace begin = sink_->begun_at().front();
  EXPECT_EQ(sink_->saved(), begin);
  turn();
  ASSERT_EQ(sink_->places_put().size(), 3u);
  EXPECT_EQ(sink_->places_put()[0], begin);
  EXPECT_EQ(sink_->places_put()[1], (EventPlace{begin.entry, 2}));
  EXPECT_EQ(sink_->places_put()[2].event, 1u);
  EXPECT_EQ(sink_->passed_place(), (EventPlace{journal_->end(), 0})) << "also what is not for it";
  EXPECT_FALSE(sink_->flushed());
  sink_->answer_all(true);
  turn();
  turn();
  EXPECT_EQ(sink_->saved()->entry, journal_->end());
}

TEST_F(PipelineTest, a_sink_that_lost_what_it_held_gets_everything_from_the_cursor_on_again_after_a_pause) {
  using enum event::EventKind;
  append({feature, feature, feature});
  append({feature, feature});
  start();
  turn();
  sink_->answer_newest(2);  // ahead of the cursor
  turn();
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 2u);
  sink_->lose_all();
  turn();
  EXPECT_EQ(sink_->begun_at().size(), 2u);
  EXPECT_EQ(sink_->begun_at()[1], sink_->begun_at()[0]);
  EXPECT_EQ(sink_->inside(), 5u);
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 2u) << "they were";
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 3u);
  sink_->lose_all();
  turn();
  EXPECT_EQ(sink_->begun_at().size(), 2u) << "not again at once";
  clock_.advance_us(kSinkRestartUs);
  turn();
  EXPECT_EQ(sink_->begun_at().size(), 3u);
  sink_->answer_all(true);
  turn();
  turn();
  const Balance balance = pipeline_->status_now().balance;
  EXPECT_EQ(balance.delivered, 5u);
  EXPECT_EQ(balance.waiting, 0u);
  EXPECT_EQ(balance.accepted, 5u);
}

// What S3 had sealed when retention gave it up, while it was off: seeds 30000295, 70001347 and 70012160 of the
// simulation.
TEST_F(PipelineTest, what_the_sink_has_of_what_the_journal_gave_up_is_delivered_before_anything_is_read) {
  using enum event::EventKind;
  append({feature, feature, feature});
  journal::Cursor cursor;
  cursor.position = {journal_->oldest().value - 64};
  cursor.delivered_events = 7;
  cursor.expired_events = 100;
  ASSERT_TRUE((*journal::CursorFile::open(directory_ + "/cursors", destination_.id, *files_))->save(cursor));
  start();
  sink_->set_held({cursor.position, 0}, std::nullopt);
  turn();
  EXPECT_EQ(sink_->inside(), 0u) << "it is not known yet";
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 3u);
  sink_->set_held({cursor.position, 0}, HeldAlone{.waiting = 20, .uploaded = 5});
  turn();
  EXPECT_EQ(sink_->inside(), 0u);
  expect_balance("some of it is uploaded");
  Balance balance = pipeline_->status_now().balance;
  EXPECT_EQ(balance.waiting, 23u);
  EXPECT_EQ(balance.delivered, 12u);
  EXPECT_EQ(balance.missing, 75u);
  pipeline_->close();
  EXPECT_EQ(sink_->saved()->entry, cursor.position) << "a start after this one waits for it too";

  start();
  sink_->set_held({cursor.position, 0}, HeldAlone{.delivered = 25, .delivered_bytes = 1'000});
  turn();
  EXPECT_EQ(sink_->inside(), 3u);
  expect_balance("all of it is uploaded");
  balance = pipeline_->status_now().balance;
  EXPECT_EQ(balance.waiting, 3u);
  EXPECT_EQ(balance.delivered, 32u);
  EXPECT_EQ(balance.missing, 75u);
  EXPECT_EQ(pipeline_->status_now().delivered_bytes, 1'000u);
  sink_->answer_all(true);
  turn();
  turn();
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 35u);
  EXPECT_EQ(pipeline_->status_now().balance.missing, 75u) << "those are lost";
}

// Events of a kind that the destination did not want any more when the journal gave them up were not counted as missed.
TEST_F(PipelineTest, what_the_sink_has_of_another_selection_leaves_what_is_missing_as_it_is) {
  journal::Cursor cursor;
  cursor.position = {journal_->oldest().value - 64};
  cursor.expired_events = 100;
  ASSERT_TRUE((*journal::CursorFile::open(directory_ + "/cursors", destination_.id, *files_))->save(cursor));
  start();
  sink_->set_held({cursor.position, 0}, HeldAlone{.waiting = 20, .uploaded = 5, .of_other_selection = 20});
  turn();
  expect_balance("some of it is uploaded");
  EXPECT_EQ(pipeline_->status_now().balance.missing, 95u);
  sink_->set_held({cursor.position, 0}, HeldAlone{.delivered = 25, .of_other_selection = 20});
  turn();
  expect_balance("all of it is uploaded");
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 25u);
  EXPECT_EQ(pipeline_->status_now().balance.missing, 95u);
}

TEST_F(PipelineTest, a_sink_is_flushed_when_its_window_is_full_and_when_the_process_is_about_to_end) {
  using enum event::EventKind;
  append({feature, summary, summary, feature});
  append({feature});
  start();
  sink_->set_window(4);
  turn();
  EXPECT_EQ(sink_->inside(), 2u);
  EXPECT_TRUE(sink_->flushed());
  EXPECT_TRUE(sink_->window_was_full());
  pipeline_.reset();
  start();
  turn();
  EXPECT_FALSE(sink_->flushed());
  EXPECT_FALSE(sink_->window_was_full());
  pipeline_->flush();
  turn();
  EXPECT_TRUE(sink_->flushed());
}

TEST_F(PipelineTest, gives_an_event_again_from_the_journal_as_it_was_put_in) {
  using enum event::EventKind;
  append({custom, index, feature}, kPipelineEnvironment, 2'000);
  append({feature});
  start();
  pipeline_->step();
  const std::vector<EventPlace> places = sink_->places_put();
  ASSERT_EQ(places.size(), 3u);
  const char* const written[] = {R"("n":0)", R"("n":2)", R"("n":3)"};
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto again = sink_->read_again()(i, places[i]);
    ASSERT_TRUE(again && *again);
    EXPECT_EQ((*again)->place(), places[i]);
    EXPECT_EQ((*again)->ticket, i);
    EXPECT_NE((*again)->slot.json.find(written[i]), std::string_view::npos) << (*again)->slot.json;
  }
  const auto beyond = sink_->read_again()(9, {places[0].entry, 7});
  EXPECT_TRUE(beyond && !*beyond) << "the entry has no such event";
}

}  // namespace
}  // namespace sluice::exporting
