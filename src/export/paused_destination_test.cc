#include "export/paused_destination.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "event/entry.h"
#include "export/selection.h"
#include "storage/file_system_fake.h"

namespace sluice::exporting {
namespace {

const ObjectId kProject = *ObjectId::parse("5744c96707c9900708000004");
const ObjectId kPausedEnvironment = *ObjectId::parse("578d1e02d2943862c52b9686");

class PausedDestinationTest : public testing::Test {
 protected:
  PausedDestinationTest() {
    destination_.id = *ObjectId::parse("610addeadbeefaa86ec9a7d4");
    destination_.environment_id = kPausedEnvironment;
    journal::JournalLimits limits;
    limits.segment_bytes = 64 << 10;
    limits.min_free_bytes = 0;
    limits.retention_ms = 0;
    auto opened = journal::Journal::open("/data/journal", limits, files_, clock_);
    EXPECT_TRUE(opened);
    journal_ = std::move(*opened);
    journal_->hold("other", {});
    journal_->drop_hold(journal::kStartingHold);
  }

  // Entries of three events, of which the destination wants two, that fill a segment and more.
  std::uint64_t fill_segment() {
    for (int i = 0; i < 20; ++i) {
      writer_.begin(kProject, kPausedEnvironment, 1, {});
      for (const event::EventKind kind :
           {event::EventKind::custom, event::EventKind::summary, event::EventKind::identify}) {
        writer_.json() +=
            fmt::format(R"({{"kind":"{}","pad":"{}"}})", event::event_kind_name(kind), std::string(2000, 'x'));
        writer_.end_event(kind, 2, false, 0, 0);
      }
      journal::AppendRequest request;
      request.environment = kPausedEnvironment;
      request.received_ms = 1;
      request.counts = writer_.counts();
      writer_.finish(request.entry);
      std::promise<journal::AppendOutcome> outcome;
      request.done = [&](journal::AppendOutcome result) { outcome.set_value(result); };
      journal_->append(std::move(request));
      EXPECT_EQ(outcome.get_future().get(), journal::AppendOutcome::durable);
    }
    return 40;
  }

  void save(const journal::Cursor& cursor) {
    auto file = journal::CursorFile::open("/data/cursors", destination_.id, files_);
    ASSERT_TRUE(file && (*file)->save(cursor));
  }
  journal::Cursor saved() { return *(*journal::CursorFile::open("/data/cursors", destination_.id, files_))->loaded(); }

  // What nobody needs is given up by the journal's helper, by whole segments.
  void give_up_before(journal::Position position) {
    const auto segment_of = [](journal::Position at) { return at.value >> 32; };
    journal_->hold("other", position);
    while (segment_of(journal_->oldest()) < segment_of(position)) std::this_thread::yield();
  }

  std::uint64_t selected_from(journal::Position from) {
    return selected(destination_, journal_->count(kPausedEnvironment, from, journal_->end())->events);
  }

  storage::FakeFileSystem files_{1};
  SystemClock clock_;
  catalog::Destination destination_;
  event::EntryWriter writer_;
  std::unique_ptr<journal::Journal> journal_;
};

TEST_F(PausedDestinationTest, counts_what_retention_gives_up_while_the_destination_is_off) {
  journal::Cursor cursor;
  cursor.position = journal_->end();
  cursor.events_done = 1;  // of the first entry, one that it wants
  cursor.delivered_events = 7;
  save(cursor);
  const std::uint64_t there = fill_segment();
  auto paused = PausedDestination::begin(destination_, "/data/cursors", *journal_, files_);
  ASSERT_TRUE(paused && *paused);
  ASSERT_TRUE((*paused)->sample());
  EXPECT_EQ(saved(), cursor) << "nothing was given up";
  const std::uint64_t later = fill_segment();
  give_up_before(journal_->end());
  ASSERT_TRUE((*paused)->sample());
  const std::uint64_t left = selected_from(saved().position);
  EXPECT_EQ(saved().expired_events, there + later - 1 - left);
  EXPECT_EQ(saved().position, journal_->oldest());
  EXPECT_EQ(saved().events_done, 0u);
  EXPECT_EQ(saved().delivered_events, 7u);
  const journal::Cursor before = saved();
  ASSERT_TRUE((*paused)->sample());
  EXPECT_EQ(saved(), before) << "counted once";
}

// Seed 30000295 of the simulation: S3 had objects of them, which came late and were told missing.
TEST_F(PausedDestinationTest, what_the_sink_has_sealed_stays_behind_the_cursor) {
  journal::Cursor cursor;
  cursor.position = journal_->end();
  save(cursor);
  fill_segment();
  const journal::Position behind = journal_->end();
  const std::vector<SealedEvents> sealed = {
      {.number = 1, .first = {cursor.position, 0}, .last = {cursor.position, 2}, .events = 3, .whole = true},
      {.number = 2, .first = {}, .last = {behind, 0}, .events = 100, .whole = false}};
  auto paused = PausedDestination::begin(destination_, "/data/cursors", *journal_, files_, sealed);
  ASSERT_TRUE(paused && *paused);
  fill_segment();
  const std::uint64_t all = selected_from(cursor.position);
  give_up_before(behind);
  const std::uint64_t left = selected_from(journal_->oldest());
  ASSERT_TRUE((*paused)->sample());
  const journal::Cursor then = saved();
  EXPECT_EQ(then.position, cursor.position) << "the sink delivers from there";
  EXPECT_EQ(then.expired_events, all - left) << "what of it is sealed is known when it runs";
  EXPECT_EQ((*paused)->balance().missing, then.expired_events);
  EXPECT_EQ((*paused)->balance().waiting, left);
  ASSERT_TRUE((*paused)->sample());
  EXPECT_EQ(saved(), then) << "counted once";
  auto again = PausedDestination::begin(destination_, "/data/cursors", *journal_, files_, sealed);
  ASSERT_TRUE(again && *again && (*again)->sample());
  EXPECT_EQ(saved(), then) << "nor by the next start";

  const std::vector<SealedEvents> delivered = {
      {.number = 1, .first = {cursor.position, 0}, .last = {cursor.position, 2}, .events = 3, .whole = true}};
  journal::Cursor passed = cursor;
  passed.position = {cursor.position.value + 8};
  save(passed);
  auto before = PausedDestination::begin(destination_, "/data/cursors", *journal_, files_, delivered);
  ASSERT_TRUE(before && *before && (*before)->sample());
  EXPECT_EQ(saved().position, journal_->oldest()) << "what was delivered keeps nothing";
}

TEST_F(PausedDestinationTest, has_nothing_to_count_for_a_destination_that_never_ran) {
  const auto paused = PausedDestination::begin(destination_, "/data/cursors", *journal_, files_);
  ASSERT_TRUE(paused);
  EXPECT_FALSE(*paused);
  EXPECT_FALSE(files_.exists("/data/cursors/" + destination_.id.hex() + ".cursor"));
}

// Found by the simulation (seed 5025552): a restart must not forget what could not be written down before.
TEST_F(PausedDestinationTest, writes_down_what_was_missed_also_while_its_cursor_cannot_be_read) {
  journal::Cursor cursor;
  cursor.position = journal_->end();
  save(cursor);
  const std::uint64_t sent = fill_segment();
  auto paused = PausedDestination::begin(destination_, "/data/cursors", *journal_, files_);
  ASSERT_TRUE(paused && *paused);
  files_.fail_read(".cursor", 0);
  give_up_before(journal_->end());
  ASSERT_TRUE((*paused)->sample());
  files_.heal_reads();
  EXPECT_EQ(saved().position, journal_->oldest());
  EXPECT_EQ(saved().expired_events + selected_from(journal_->oldest()), sent);
}

}  // namespace
}  // namespace sluice::exporting
