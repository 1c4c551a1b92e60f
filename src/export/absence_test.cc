#include "export/absence.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "event/entry.h"
#include "export/selection.h"
#include "journal/file_system_fake.h"

namespace sluice {
namespace {

const ObjectId kProject = *ObjectId::parse("5744c96707c9900708000004");
const ObjectId kEnvironment = *ObjectId::parse("578d1e02d2943862c52b9686");

class AbsenceTest : public testing::Test {
 protected:
  AbsenceTest() {
    destination_.id = *ObjectId::parse("610addeadbeefaa86ec9a7d4");
    destination_.environment_id = kEnvironment;
    JournalLimits limits;
    limits.segment_bytes = 64 << 10;
    limits.min_free_bytes = 0;
    limits.retention_ms = 0;
    auto opened = Journal::open("/data/journal", limits, files_, clock_);
    EXPECT_TRUE(opened);
    journal_ = std::move(*opened);
    journal_->hold("other", {});
    journal_->drop_hold(kStartingHold);
  }

  // Entries of three events, of which the destination wants two, that fill a segment and more.
  std::uint64_t fill_segment() {
    for (int i = 0; i < 20; ++i) {
      writer_.begin(kProject, kEnvironment, 1, {});
      for (const EventKind kind : {EventKind::custom, EventKind::summary, EventKind::identify}) {
        writer_.json() += fmt::format(R"({{"kind":"{}","pad":"{}"}})", event_kind_name(kind), std::string(2000, 'x'));
        writer_.end_event(kind, 2, false, 0, 0);
      }
      AppendRequest request;
      request.environment = kEnvironment;
      request.received_ms = 1;
      request.counts = writer_.counts();
      writer_.finish(request.entry);
      std::promise<AppendOutcome> outcome;
      request.done = [&](AppendOutcome result) { outcome.set_value(result); };
      journal_->append(std::move(request));
      EXPECT_EQ(outcome.get_future().get(), AppendOutcome::durable);
    }
    return 40;
  }

  void save(const Cursor& cursor) {
    auto file = CursorFile::open("/data/cursors", destination_.id, files_);
    ASSERT_TRUE(file && (*file)->save(cursor));
  }
  Cursor saved() { return *(*CursorFile::open("/data/cursors", destination_.id, files_))->loaded(); }

  // What nobody needs is given up by the journal's helper, by whole segments.
  void give_up_before(Position position) {
    const auto segment_of = [](Position at) { return at.value >> 32; };
    journal_->hold("other", position);
    while (segment_of(journal_->oldest()) < segment_of(position)) std::this_thread::yield();
  }

  std::uint64_t selected_from(Position from) {
    return selected(destination_, journal_->count(kEnvironment, from, journal_->end()).events);
  }

  FakeFileSystem files_{1};
  SystemClock clock_;
  Destination destination_;
  EntryWriter writer_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(AbsenceTest, counts_what_retention_gives_up_while_the_destination_is_off) {
  Cursor cursor;
  cursor.position = journal_->end();
  cursor.events_done = 1;  // of the first entry, one that it wants
  cursor.delivered_events = 7;
  save(cursor);
  const std::uint64_t there = fill_segment();
  auto absence = Absence::begin(destination_, "/data/cursors", *journal_, files_);
  ASSERT_TRUE(absence && *absence);
  ASSERT_TRUE((*absence)->look());
  EXPECT_EQ(saved(), cursor) << "nothing was given up";
  const std::uint64_t later = fill_segment();
  give_up_before(journal_->end());
  ASSERT_TRUE((*absence)->look());
  const std::uint64_t left = selected_from(saved().position);
  EXPECT_EQ(saved().expired_events, there + later - 1 - left);
  EXPECT_EQ(saved().position, journal_->oldest());
  EXPECT_EQ(saved().events_done, 0u);
  EXPECT_EQ(saved().delivered_events, 7u);
  const Cursor before = saved();
  ASSERT_TRUE((*absence)->look());
  EXPECT_EQ(saved(), before) << "counted once";
}

TEST_F(AbsenceTest, has_nothing_to_count_for_a_destination_that_never_ran) {
  const auto absence = Absence::begin(destination_, "/data/cursors", *journal_, files_);
  ASSERT_TRUE(absence);
  EXPECT_FALSE(*absence);
  EXPECT_FALSE(files_.exists("/data/cursors/" + destination_.id.hex() + ".cursor"));
}

}  // namespace
}  // namespace sluice
