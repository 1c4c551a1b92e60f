#include "export/exporter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <set>
#include <thread>
#include <vector>

#include "base/worker_fake.h"
#include "event/entry.h"
#include "export/sink_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::exporting {
namespace {

const ObjectId kEnvironment = *ObjectId::parse("578d1e02d2943862c52b9686");

// The real journal, and what is held in it.
class WatchedJournal final : public journal::Journal {
 public:
  explicit WatchedJournal(std::unique_ptr<journal::Journal> journal) : journal_(std::move(journal)) {}
  void hold(const std::string& holder, journal::Position from) override {
    holders.insert(holder);
    journal_->hold(holder, from);
  }
  void drop_hold(const std::string& holder) override {
    holders.erase(holder);
    journal_->drop_hold(holder);
  }
  void hold_unless_full(const std::string& holder, journal::Position from) override {
    holders.insert(holder);
    journal_->hold_unless_full(holder, from);
  }
  std::int64_t retention_ms() const override { return journal_->retention_ms(); }
  void append(journal::AppendRequest request) override { journal_->append(std::move(request)); }
  std::uint64_t max_entry_bytes() const override { return journal_->max_entry_bytes(); }
  std::unique_ptr<journal::JournalReader> reader(ObjectId environment, journal::Position from) override {
    return journal_->reader(environment, from);
  }
  journal::EnvironmentMark mark(ObjectId environment) const override { return journal_->mark(environment); }
  storage::FileResult<journal::JournalCount> count(ObjectId environment, journal::Position from,
                                                   journal::Position to) const override {
    return journal_->count(environment, from, to);
  }
  journal::JournalCount count_at_most(ObjectId environment, journal::Position from,
                                      journal::Position to) const override {
    return journal_->count_at_most(environment, from, to);
  }
  journal::PositionRange received_between(std::int64_t from, std::int64_t to) const override {
    return journal_->received_between(from, to);
  }
  journal::Position oldest() const override { return journal_->oldest(); }
  journal::Position end() const override { return journal_->end(); }
  journal::JournalStats stats() const override {
    journal::JournalStats stats = journal_->stats();
    if (is_short) stats.free_bytes = stats.capacity_bytes / 20;
    return stats;
  }
  std::atomic<bool> is_short = false;  // the exporter's watch reads it
  void subscribe(journal::EntrySignal* signal, ObjectId environment) override {
    journal_->subscribe(signal, environment);
  }
  void unsubscribe(journal::EntrySignal* signal) override { journal_->unsubscribe(signal); }
  void close() override { journal_->close(); }

  std::set<std::string> holders;

 private:
  std::unique_ptr<journal::Journal> journal_;
};

// The machine's clock, which somebody sets. Any thread.
class SetClock final : public Clock {
 public:
  std::int64_t wall_ms() const override { return clock_.wall_ms() + shift_ms; }
  std::int64_t steady_us() const override { return clock_.steady_us(); }
  std::atomic<std::int64_t> shift_ms = 0;

 private:
  SystemClock clock_;
};

class ExporterTest : public testing::Test {
 protected:
  ExporterTest() {
    destination_.id = *ObjectId::parse("610addeadbeefaa86ec9a7d4");
    destination_.environment_id = kEnvironment;
    journal::JournalLimits limits;
    limits.segment_bytes = 64 << 10;
    limits.min_free_bytes = 0;
    journal_ = std::make_unique<WatchedJournal>(*journal::Journal::open("/data/journal", limits, files_, clock_));
    exporter_ =
        std::make_unique<Exporter>(*journal_, files_, clock_, "/data",
                                   [this](const catalog::Destination&, Notifier&, DeadLetterStore&, const SinkUse&) {
                                     auto sink = std::make_unique<FakeSink>(10);
                                     sink->answer_all(answer_all_);
                                     sinks_.push_back(sink.get());
                                     return sink;
                                   });
  }
  ~ExporterTest() override { exporter_.reset(); }

  void apply(bool on) {
    destination_.on = on;
    ASSERT_TRUE(exporter_->apply(catalog::CatalogSnapshot({}, {}, {destination_})));
  }
  journal::Cursor saved() { return *(*journal::CursorFile::open("/data/cursors", destination_.id, files_))->loaded(); }
  bool held(const std::string& suffix = "") { return journal_->holders.contains(destination_.id.hex() + suffix); }

  void append(int events, std::int64_t received_ms = 1) {
    event::EntryWriter writer;
    writer.begin(kEnvironment, kEnvironment, 1, {});
    for (int i = 0; i < events; ++i) {
      writer.json() += R"({"kind":"custom"})";
      writer.end_event(event::EventKind::custom, 2, false, 0, 0);
    }
    journal::AppendRequest request;
    request.environment = kEnvironment;
    request.received_ms = received_ms;
    request.counts = writer.counts();
    writer.finish(request.entry);
    std::promise<journal::AppendOutcome> outcome;
    request.done = [&](journal::AppendOutcome result) { outcome.set_value(result); };
    journal_->append(std::move(request));
    ASSERT_EQ(outcome.get_future().get(), journal::AppendOutcome::durable);
  }

  storage::FakeFileSystem files_{1};
  SetClock clock_;
  catalog::Destination destination_;
  bool answer_all_ = false;  // of sinks made from now on
  std::vector<FakeSink*> sinks_;
  std::unique_ptr<WatchedJournal> journal_;
  std::unique_ptr<Exporter> exporter_;
};

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

// Found by the simulation (seed 5197): it is not counted any more what the destination misses, and it does not run yet.
TEST_F(ExporterTest, a_destination_that_is_switched_off_before_it_could_start_is_held_until_what_it_misses_is_counted) {
  apply(true);
  apply(false);
  for (const bool refused : {false, true}) {
    ASSERT_TRUE(exporter_->reserve_start(destination_.id));
    files_.fail_read(destination_.id.hex() + ".cursor", 0);
    destination_.on = true;
    ASSERT_FALSE(exporter_->apply(catalog::CatalogSnapshot({}, {}, {destination_})));
    files_.heal_reads();
    if (refused)
      exporter_->release_start(destination_.id);
    else
      exporter_->switched_off(destination_.id);
    EXPECT_TRUE(held());
    apply(false);
    EXPECT_FALSE(held());
  }
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

// A new cursor in its place would be in the way of the one that lies aside, and skip what it has not delivered.
TEST_F(ExporterTest, a_destination_that_lies_set_aside_comes_back_at_its_own_place) {
  const std::string cursor = "/data/cursors/" + destination_.id.hex() + ".cursor";
  apply(true);
  const std::string place = files_.bytes(cursor);
  ASSERT_TRUE(exporter_->apply(catalog::CatalogSnapshot({}, {}, {})));
  exporter_->set_aside(destination_.id);
  ASSERT_FALSE(files_.exists(cursor));
  const auto reserved = exporter_->reserve_start(destination_.id);
  ASSERT_TRUE(reserved);
  EXPECT_FALSE(*reserved) << "it has a place already";
  EXPECT_FALSE(files_.exists(cursor));
  apply(true);
  EXPECT_EQ(files_.bytes(cursor), place);
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

// Found by the simulation (seed 519341).
TEST_F(ExporterTest, leaves_nothing_of_a_replay_that_could_not_be_begun) {
  apply(true);
  int refused = 0;
  for (std::uint64_t after = 0; after < 6; ++after) {
    files_.fail_sync(after, storage::FileFault::other);
    const auto begun = exporter_->start_replay(destination_.id, 0, clock_.wall_ms());
    files_.fail_sync(UINT64_MAX, storage::FileFault::other);
    if (begun) {
      (void)exporter_->cancel_replay(destination_.id);
      continue;
    }
    ++refused;
    EXPECT_FALSE(files_.exists("/data/replays/" + destination_.id.hex() + ".json")) << after;
    EXPECT_FALSE(held("-replay")) << after;
  }
  EXPECT_GE(refused, 2);
}

// Found by the simulation (seed 713581): it was told to run for ever, and went on only after a restart.
TEST_F(ExporterTest, resumes_a_replay_that_the_disk_kept_back) {
  append(20);
  const Replay replay{{0, 10, journal_->end(), 1}, 1'000};
  answer_all_ = true;
  for (const char* file : {".json", ".cursor"}) {
    ASSERT_TRUE(ReplayFiles(files_, "/data").begin(destination_.id, replay, journal_->oldest()));
    files_.fail_read("replays/" + destination_.id.hex() + file, 0);
    destination_.name += "x";  // starts anew, with its replay
    apply(true);
    EXPECT_FALSE(exporter_->start_replay(destination_.id, 0, 10)) << "there is one, which waits for the disk";
    files_.heal_reads();
    const std::int64_t until_ms = clock_.wall_ms() + 30'000;
    const auto done = [&] {
      const auto status = exporter_->status(destination_.id)->replay;
      return status && status->state == ReplayState::done &&
             !files_.exists("/data/replays/" + destination_.id.hex() + ".json");
    };
    while (!done() && clock_.wall_ms() < until_ms) std::this_thread::yield();
    ASSERT_TRUE(done()) << file;
    EXPECT_EQ(exporter_->status(destination_.id)->replay->delivered_events, 20u);
    EXPECT_EQ(exporter_->forget({destination_.id}).size(), 1u);
  }
}

TEST_F(ExporterTest, holds_nothing_for_a_destination_that_is_off) {
  apply(true);
  ASSERT_TRUE(exporter_->start_replay(destination_.id, 0, clock_.wall_ms()));
  EXPECT_TRUE(held());
  apply(false);
  EXPECT_FALSE(held());
  EXPECT_FALSE(held("-replay"));
}

// Found by the simulation (seed 1043): its cursor could not be read just then; what it missed meanwhile was not
// counted.
TEST_F(ExporterTest, holds_the_place_of_a_destination_that_is_off_until_it_can_count_what_it_misses) {
  apply(true);
  files_.fail_read(".cursor", 0);
  destination_.on = false;
  EXPECT_FALSE(exporter_->apply(catalog::CatalogSnapshot({}, {}, {destination_})));
  EXPECT_TRUE(held());
  files_.heal_reads();
  apply(false);
  EXPECT_FALSE(held());
}

}  // namespace
}  // namespace sluice::exporting
