#include "export/exporter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "base/worker_fake.h"
#include "export/exporter_rig_fake.h"

namespace sluice::exporting {
namespace {

// Found by the simulation (seed 154079): the last entry before a crash had rotted, so that the journal ended before it.
TEST_F(ExporterTest, pulls_back_a_cursor_that_stands_behind_the_journals_end) {
  journal::Cursor cursor;
  cursor.position = journal::Position{journal_->end().value + 800};
  cursor.events_done = 3;
  cursor.delivered_events = 7;
  ASSERT_TRUE((*journal::CursorFile::open("/data/cursors", destination_.id, files_))->save(cursor));
  exporter_->repair_cursors();
  EXPECT_EQ(saved().position, journal_->end());
  EXPECT_EQ(saved().events_done, 0u);
  EXPECT_EQ(saved().delivered_events, 7u);
}

// A start with thousands of destinations takes payloads before the first of them calls AWS.
TEST_F(ExporterTest, delivers_nothing_while_delivery_is_held_and_then_all_that_was_taken_meanwhile) {
  ManualClock clock(1'000);
  ManualWorkers workers(clock);
  FakeSink* sink = nullptr;
  Exporter exporter(
      *journal_, files_, clock, "/held",
      [&](const catalog::Destination&, Notifier&, DeadLetterStore&, const SinkUse&) {
        auto made = std::make_unique<FakeSink>(10);
        made->answer_all(true);
        sink = made.get();
        return made;
      },
      workers);
  exporter.hold_delivery();
  ASSERT_TRUE(exporter.apply(catalog::CatalogSnapshot({}, {}, {destination_})));
  append(3);
  workers.run_for_us(3'000'000);
  EXPECT_EQ(exporter.status(destination_.id)->pipeline.balance.delivered, 0u);
  EXPECT_EQ(exporter.status(destination_.id)->pipeline.balance.waiting, 3u) << "it is shown as waiting";
  exporter.begin_delivery();
  workers.run_for_us(3'000'000);
  EXPECT_EQ(exporter.status(destination_.id)->pipeline.balance.delivered, 3u);
}

TEST_F(ExporterTest, a_destination_that_goes_while_delivery_is_held_is_not_started_later) {
  ManualClock clock(1'000);
  ManualWorkers workers(clock);
  Exporter exporter(
      *journal_, files_, clock, "/held",
      [&](const catalog::Destination&, Notifier&, DeadLetterStore&, const SinkUse&) {
        return std::make_unique<FakeSink>(10);
      },
      workers);
  exporter.hold_delivery();
  ASSERT_TRUE(exporter.apply(catalog::CatalogSnapshot({}, {}, {destination_})));
  ASSERT_TRUE(exporter.apply(catalog::CatalogSnapshot({}, {}, {})));
  exporter.begin_delivery();
  workers.run_for_us(1'000'000);
  EXPECT_FALSE(exporter.status(destination_.id));
}

// Found by the simulation (seed 211218).
TEST_F(ExporterTest, holds_the_place_of_a_destination_that_is_switched_on_again) {
  apply(true);
  apply(false);
  EXPECT_FALSE(held());
  const auto made = exporter_->reserve_start(destination_.id);
  ASSERT_TRUE(made);
  EXPECT_FALSE(*made) << "it has a place already";
  EXPECT_TRUE(held());
  exporter_->switched_off(destination_.id);
  apply(false);
  EXPECT_FALSE(held()) << "a start that did not come";
}

// apply() of a snapshot that was taken before the change was committed: the hold must outlive it, or retention may give
// up what was accepted since.
TEST_F(ExporterTest, a_reserved_start_outlives_an_apply_of_an_older_catalog) {
  apply(true);
  apply(false);
  ASSERT_TRUE(exporter_->reserve_start(destination_.id));
  apply(false);
  EXPECT_TRUE(held());
  apply(true);
  EXPECT_TRUE(held());
  exporter_->switched_off(destination_.id);
  EXPECT_TRUE(held()) << "it still runs";
  apply(false);
  EXPECT_FALSE(held());
}

// Found by the simulation (seed 5003176): what a destination misses while it is off is counted from where it stopped,
// also when its cursor cannot be read just then, and a start is tried and refused meanwhile.
TEST_F(ExporterTest, a_place_is_held_until_what_is_missed_is_counted_whatever_is_refused_meanwhile) {
  apply(true);
  files_.fail_read("/data/cursors/" + destination_.id.hex() + ".cursor", 0);
  destination_.on = false;
  const catalog::CatalogSnapshot off({}, {}, {destination_});
  ASSERT_FALSE(exporter_->apply(off));
  EXPECT_TRUE(held());
  ASSERT_FALSE(exporter_->reserve_start(destination_.id));
  exporter_->switched_off(destination_.id);
  EXPECT_TRUE(held());
  files_.heal_reads();
  ASSERT_TRUE(exporter_->apply(off));
  EXPECT_FALSE(held());
}

TEST_F(ExporterTest, a_start_that_was_refused_holds_nothing_and_leaves_no_cursor) {
  apply(false);
  ASSERT_TRUE(*exporter_->reserve_start(destination_.id));
  exporter_->release_start(destination_.id);
  EXPECT_FALSE(held());
  EXPECT_FALSE(files_.exists("/data/cursors/" + destination_.id.hex() + ".cursor"));
}

// An object that is not full yet keeps its events in the journal, and no payload that could fill it is taken any more.
TEST_F(ExporterTest, who_holds_a_journal_that_is_short_of_room_is_asked_to_let_go_of_what_it_collects) {
  ManualClock clock(1'000);
  ManualWorkers workers(clock);
  std::map<ObjectId, FakeSink*> sinks;
  Exporter exporter(
      *journal_, files_, clock, "/short",
      [&](const catalog::Destination& destination, Notifier&, DeadLetterStore&, const SinkUse&) {
        auto made = std::make_unique<FakeSink>(10);
        sinks[destination.id] = made.get();
        return made;
      },
      workers);
  catalog::Destination later = destination_;
  later.id = *ObjectId::parse("000000000000000000000001");
  ASSERT_TRUE(exporter.apply(catalog::CatalogSnapshot({}, {}, {destination_})));
  append(1);
  ASSERT_TRUE(exporter.apply(catalog::CatalogSnapshot({}, {}, {destination_, later})));  // starts behind the entry
  append(1);
  workers.run_for_us(3'000'000);
  EXPECT_FALSE(sinks[destination_.id]->flushed());
  journal_->is_short = true;
  workers.run_for_us(3'000'000);
  EXPECT_TRUE(sinks[destination_.id]->flushed());
  EXPECT_FALSE(sinks[later.id]->flushed()) << "it holds less";
  for (const auto& [id, sink] : sinks) sink->answer_all(true);
  workers.run_for_us(1'000'000);
}

TEST_F(ExporterTest, a_cursor_that_cannot_be_read_keeps_no_other_destination_from_starting) {
  catalog::Destination other = destination_;
  other.id = *ObjectId::parse("000000000000000000000001");
  ASSERT_TRUE(exporter_->reserve_start(other.id));
  files_.fail_read(other.id.hex() + ".cursor", 0);
  EXPECT_FALSE(exporter_->apply(catalog::CatalogSnapshot({}, {}, {other, destination_})));
  EXPECT_NE(exporter_->status(destination_.id)->state, DestinationState::blocked);
  const auto blocked = exporter_->status(other.id);
  ASSERT_TRUE(blocked);
  EXPECT_EQ(blocked->state, DestinationState::blocked);
  EXPECT_NE(blocked->pipeline.problem->message.find(other.id.hex() + ".cursor"), std::string::npos);
  EXPECT_TRUE(journal_->holders.contains(other.id.hex())) << "what it needs is kept until it can start";
  files_.heal_reads();
  EXPECT_TRUE(exporter_->apply(catalog::CatalogSnapshot({}, {}, {other, destination_})));
  EXPECT_NE(exporter_->status(other.id)->state, DestinationState::blocked);
}

// What the API has answered holds for all that is accepted afterwards, also before apply() comes.
TEST_F(ExporterTest, a_changed_destination_reads_nothing_more_under_its_old_settings) {
  answer_all_ = true;
  apply(true);
  append(3);
  while (sinks_.at(0)->delivered().size() < 3) std::this_thread::yield();
  const catalog::Destination before = destination_;
  destination_.name = "renamed";
  exporter_->fence(std::make_shared<catalog::CatalogSnapshot>(std::vector<catalog::Project>(),
                                                              std::vector<catalog::Environment>(),
                                                              std::vector<catalog::Destination>{destination_}));
  append(5);
  // An apply() of the catalog before, which was under way, does not start it again.
  ASSERT_TRUE(exporter_->apply(catalog::CatalogSnapshot({}, {}, {before})));
  append(7);
  std::uint64_t delivered = 0;
  const auto all = exporter_->delivered();
  for (const std::uint64_t count : all.at(destination_.id).by_kind) delivered += count;
  EXPECT_EQ(delivered, 3u);
  ASSERT_TRUE(exporter_->apply(catalog::CatalogSnapshot({}, {}, {destination_})));
  const std::size_t newest = sinks_.size() - 1;
  while (sinks_.at(newest)->delivered().size() < 12) std::this_thread::yield();
  // Changed and changed back before apply() came: it runs again.
  exporter_->fence(std::make_shared<catalog::CatalogSnapshot>(
      std::vector<catalog::Project>(), std::vector<catalog::Environment>(), std::vector<catalog::Destination>{before}));
  exporter_->fence(std::make_shared<catalog::CatalogSnapshot>(std::vector<catalog::Project>(),
                                                              std::vector<catalog::Environment>(),
                                                              std::vector<catalog::Destination>{destination_}));
  ASSERT_TRUE(exporter_->apply(catalog::CatalogSnapshot({}, {}, {destination_})));
  append(1);
  while (sinks_.back()->delivered().empty()) std::this_thread::yield();
}

// The API's answer, and what it shows next, must not wait for the watch.
TEST_F(ExporterTest, what_a_call_changed_shows_when_it_returns) {
  apply(true);
  ASSERT_TRUE(exporter_->status(destination_.id));
  EXPECT_FALSE(exporter_->status(destination_.id)->replay);
  const DestinationList before = exporter_->status();
  ASSERT_TRUE(exporter_->start_replay(destination_.id, 0, 1));
  ASSERT_TRUE(exporter_->status(destination_.id)->replay);
  if (exporter_->cancel_replay(destination_.id)) {  // the watch may have ended it
    EXPECT_EQ(exporter_->status(destination_.id)->replay->state, ReplayState::cancelled);
  }
  apply(false);
  EXPECT_EQ(exporter_->status(destination_.id)->state, DestinationState::off);
  EXPECT_FALSE(before.begin()->replay) << "a snapshot never changes";
}

// Who was answered 202 and asks until a status that is as of then says that nothing waits has had everything delivered.
TEST_F(ExporterTest, what_was_accepted_before_a_status_waits_in_it) {
  apply(true);
  append(3);
  const std::int64_t accepted_ms = clock_.wall_ms();
  DestinationList shown = exporter_->status();
  while (shown.as_of_ms() <= accepted_ms) {
    std::this_thread::yield();
    shown = exporter_->status();
  }
  EXPECT_EQ(shown.begin()->pipeline.balance.waiting, 3u);
  EXPECT_EQ(shown.begin()->pipeline.balance.accepted, 3u);
}

// Found by an outsider: "oldest 0 ms" beside a delivery that was still to come.
TEST_F(ExporterTest, a_clock_that_is_set_back_hides_no_backlog_and_puts_no_delivery_into_the_future) {
  answer_all_ = true;
  apply(true);
  append(1, clock_.wall_ms());
  while (exporter_->status(destination_.id)->pipeline.balance.delivered < 1) std::this_thread::yield();
  sinks_.at(0)->answer_all(false);
  const std::int64_t received_ms = clock_.wall_ms();
  clock_.shift_ms = -3'600'000;
  append(1, received_ms);
  while (exporter_->status(destination_.id)->oldest_waiting_age_ms < 500) std::this_thread::yield();
  const auto shown = exporter_->status(destination_.id);
  EXPECT_EQ(shown->pipeline.balance.waiting, 1u);
  EXPECT_LE(shown->last_delivery_ms, clock_.wall_ms());
  EXPECT_GT(shown->last_delivery_ms, clock_.wall_ms() - 600'000) << "it was not an hour ago either";
  EXPECT_LE(shown->state_since_ms, clock_.wall_ms());
}

// Found by a rolling restart in which the stream throttled: what waited stayed behind in the drained server.
TEST_F(ExporterTest, drains_on_while_a_stream_that_throttles_takes_something) {
  apply(true);
  FakeSink& sink = *sinks_.at(0);
  Problem throttled;
  throttled.weight = Problem::Weight::transient;
  sink.set_problem(throttled);
  sink.answer_all(true);
  append(200);
  exporter_->drain(10'000);
  EXPECT_EQ(sink.delivered().size(), 200u);
}

TEST_F(ExporterTest, says_since_when_a_destination_is_in_its_state) {
  apply(true);
  const std::int64_t began_ms = clock_.wall_ms(), until_ms = began_ms + 30'000;
  while (clock_.wall_ms() <= began_ms + 20) std::this_thread::yield();
  Problem problem;
  problem.weight = Problem::Weight::setup;
  problem.code = "AccessDeniedException";
  const std::int64_t set_ms = clock_.wall_ms();
  sinks_.front()->set_problem(problem);
  append(1);
  const auto status = [this] { return exporter_->status(destination_.id); };
  while (status()->state != DestinationState::blocked && clock_.wall_ms() < until_ms) std::this_thread::yield();
  ASSERT_EQ(status()->state, DestinationState::blocked);
  EXPECT_GE(status()->state_since_ms, set_ms);
}

}  // namespace
}  // namespace sluice::exporting
