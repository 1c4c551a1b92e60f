// A truly new destination starts now, and one whose cursor is gone at the oldest entry, however it went.
#include "export/start_places.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "export/start_records.h"
#include "journal/cursor_store.h"
#include "storage/file_system_fake.h"

namespace sluice::exporting {
namespace {

class StartPlacesTest : public testing::Test {
 protected:
  StartPlacesTest() {
    destination_.id = *ObjectId::parse("610addeadbeefaa86ec9a7d4");
    destination_.environment_id = *ObjectId::parse("578d1e02d2943862c52b9686");
    destination_.name = "flag events";
    limits_.segment_bytes = 64 << 10;
    limits_.min_free_bytes = 0;
    journal_ = *journal::Journal::open("/data/journal", limits_, files_, clock_);
    append(event::EventKind::original);
    const auto opened = StartPlaces(*journal_, files_, clock_, "/data").open(destination_);
    EXPECT_TRUE(opened);
    EXPECT_EQ((*opened)->loaded()->position, journal_->end());
  }

  void append(event::EventKind kind) {
    std::promise<journal::AppendOutcome> stored;
    journal::AppendRequest request;
    request.environment = *ObjectId::parse("578d1e02d2943862c52b9686");
    request.received_ms = clock_.wall_ms();
    request.counts[static_cast<std::size_t>(kind)] = 1;
    request.entry = "entry";
    request.done = [&](journal::AppendOutcome outcome) { stored.set_value(outcome); };
    journal_->append(std::move(request));
    EXPECT_EQ(stored.get_future().get(), journal::AppendOutcome::durable);
  }

  // An entry with so many events, and no payload.
  void append_events(std::uint32_t events) {
    std::promise<journal::AppendOutcome> stored;
    journal::AppendRequest request;
    request.environment = destination_.environment_id;
    request.received_ms = clock_.wall_ms();
    request.counts[static_cast<std::size_t>(event::EventKind::custom)] = events;
    request.entry = "entry";
    request.done = [&](journal::AppendOutcome outcome) { stored.set_value(outcome); };
    journal_->append(std::move(request));
    EXPECT_EQ(stored.get_future().get(), journal::AppendOutcome::durable);
  }

  static std::optional<Problem> noted(const StartPlaces& places, ObjectId destination, std::string_view code) {
    for (Problem& note : places.notes(destination))
      if (note.code == code) return std::move(note);
    return std::nullopt;
  }
  static std::optional<Problem> lost_cursor(const StartPlaces& places, ObjectId destination) {
    return noted(places, destination, "cursor_lost");
  }
  journal::Cursor saved() { return *(*journal::CursorFile::open("/data/cursors", destination_.id, files_))->loaded(); }
  void save(const journal::Cursor& cursor) {
    ASSERT_TRUE((*journal::CursorFile::open("/data/cursors", destination_.id, files_))->save(cursor));
  }
  // A new process: cursors are looked at before anything runs.
  std::unique_ptr<StartPlaces> restarted() {
    auto places = std::make_unique<StartPlaces>(*journal_, files_, clock_, "/data");
    places->repair("/data/set-aside");
    return places;
  }

  storage::FakeFileSystem files_{1};
  SystemClock clock_;
  journal::JournalLimits limits_;
  catalog::Destination destination_;
  std::unique_ptr<journal::Journal> journal_;
};

TEST_F(StartPlacesTest, a_lost_cursor_starts_at_the_oldest_entry_and_says_so) {
  const std::string path = "/data/cursors/610addeadbeefaa86ec9a7d4.cursor";
  const std::string whole = files_.bytes(path);
  ASSERT_EQ(whole.size(), 4096u + 104u);
  std::string rotten = whole;
  rotten[20] = static_cast<char>(rotten[20] ^ 1);
  rotten[4096] = 'x';
  const std::vector<std::pair<const char*, std::string>> losses = {{"missing", ""},
                                                                   {"empty", ""},
                                                                   {"zeroed", std::string(whole.size(), '\0')},
                                                                   {"cut", whole.substr(0, 40)},
                                                                   {"damaged", rotten}};
  for (const bool on : {true, false}) {
    for (const auto& [what, bytes] : losses) {
      SCOPED_TRACE(what);
      if (std::string_view(what) == "missing")
        ASSERT_TRUE(files_.remove(path));
      else
        files_.set_bytes(path, bytes);
      StartPlaces places(*journal_, files_, clock_, "/data");
      if (on) {
        const auto opened = places.open(destination_);
        ASSERT_TRUE(opened) << opened.error().message;
        EXPECT_EQ((*opened)->loaded()->position, journal_->oldest());
      } else {
        ASSERT_TRUE(places.restore_if_lost(destination_));
      }
      const auto cursor = journal::CursorFile::open("/data/cursors", destination_.id, files_);
      ASSERT_TRUE(cursor && (*cursor)->loaded());
      EXPECT_EQ((*cursor)->loaded()->position, journal_->oldest());
      const auto problem = lost_cursor(places, destination_.id);
      ASSERT_TRUE(problem);
      EXPECT_EQ(problem->code, "cursor_lost");
      EXPECT_NE(problem->message.find(path), std::string::npos);
      EXPECT_FALSE(problem->remedy.empty());
    }
  }
  catalog::Destination other = destination_;
  other.id = *ObjectId::parse("610addeadbeefaa86ec9a7d5");
  StartPlaces places(*journal_, files_, clock_, "/data");
  ASSERT_TRUE(places.open(other));
  EXPECT_FALSE(lost_cursor(places, other.id)) << "it is new";
  ASSERT_TRUE(places.restore_if_lost(destination_));
  EXPECT_FALSE(lost_cursor(places, destination_.id)) << "it has one";
}

// Its record is gone with its cursor: a backup without both folders was restored. The catalog still knows that it was
// on.
TEST_F(StartPlacesTest, a_destination_of_which_nothing_is_left_starts_at_the_oldest_entry_when_the_catalog_had_it_on) {
  catalog::Destination other = destination_;
  other.id = *ObjectId::parse("610addeadbeefaa86ec9a7d5");
  StartPlaces places(*journal_, files_, clock_, "/data");
  places.expect_places({other.id});
  const auto opened = places.open(other);
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->loaded()->position, journal_->oldest());
  ASSERT_TRUE(lost_cursor(places, other.id));
  places.left(other.id);
  for (const char* file :
       {"/data/cursors/610addeadbeefaa86ec9a7d5.cursor", "/data/destinations/610addeadbeefaa86ec9a7d5.json"})
    ASSERT_TRUE(files_.remove(file));
  ASSERT_TRUE(places.open(other));
  EXPECT_FALSE(lost_cursor(places, other.id)) << "it was deleted, and is new now";
}

TEST_F(StartPlacesTest, a_catalog_that_was_restored_beside_an_empty_journal_has_lost_nothing) {
  storage::FakeFileSystem files(1);
  const auto journal = journal::Journal::open("/data/journal", limits_, files, clock_);
  ASSERT_TRUE(journal);
  StartPlaces places(**journal, files, clock_, "/data");
  places.expect_places({destination_.id});
  ASSERT_TRUE(places.open(destination_));
  EXPECT_FALSE(lost_cursor(places, destination_.id));
}

TEST_F(StartPlacesTest, a_lost_cursor_of_a_destination_that_repeats_payloads_waits_for_its_owner_to_switch_it_off) {
  destination_.wants_originals = true;
  StartPlaces first(*journal_, files_, clock_, "/data");
  ASSERT_TRUE(first.open(destination_));
  ASSERT_TRUE(files_.remove("/data/cursors/" + destination_.id.hex() + ".cursor"));
  StartPlaces places(*journal_, files_, clock_, "/data");
  const auto opened = places.open(destination_);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("twice"), std::string::npos) << opened.error().message;
  ASSERT_TRUE(places.restore_if_lost(destination_));
  const auto again = places.open(destination_);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ((*again)->loaded()->position, journal_->end());
  ASSERT_TRUE(lost_cursor(places, destination_.id));
  const std::string told = lost_cursor(places, destination_.id)->message;
  EXPECT_NE(told.find("at most 1."), std::string::npos) << told;
  const auto after_restart = restarted();
  ASSERT_TRUE(after_restart->open(destination_));
  ASSERT_TRUE(lost_cursor(*after_restart, destination_.id)) << "until its owner has seen it";
  EXPECT_EQ(lost_cursor(*after_restart, destination_.id)->message, told);
  after_restart->acknowledged(destination_.id);
  EXPECT_FALSE(lost_cursor(*after_restart, destination_.id));
  const auto later = restarted();
  ASSERT_TRUE(later->open(destination_));
  EXPECT_FALSE(lost_cursor(*later, destination_.id));
}

// An attacker's scripts kind1 and kind2: a place inside an entry is one of the other unit.
TEST_F(StartPlacesTest, a_cursor_of_another_unit_resumes_at_the_beginning_of_its_entry_with_totals_of_its_own) {
  for (const bool on : {true, false}) {
    for (const bool to_payloads : {false, true}) {
      SCOPED_TRACE(testing::Message() << on << to_payloads);
      destination_.wants_originals = to_payloads;
      journal::Cursor before;
      before.position = journal_->oldest();
      before.events_done = 2;
      before.delivered_events = 7;
      before.unit = to_payloads ? journal::CursorUnit::events : journal::CursorUnit::payloads;
      save(before);
      const auto places = restarted();
      if (on) {
        ASSERT_TRUE(places->open(destination_));
      } else {
        ASSERT_TRUE(places->restore_if_lost(destination_));
      }
      journal::Cursor expected;
      expected.position = before.position;
      expected.unit = to_payloads ? journal::CursorUnit::payloads : journal::CursorUnit::events;
      EXPECT_EQ(saved(), expected);
      const auto note = noted(*places, destination_.id, "kind_changed");
      ASSERT_TRUE(note);
      EXPECT_NE(note->message.find(to_payloads ? "7 events" : "7 payloads"), std::string::npos) << note->message;
      const auto next = restarted();
      ASSERT_TRUE(next->open(destination_));
      EXPECT_FALSE(noted(*next, destination_.id, "kind_changed")) << "it is of its unit";
    }
  }
}

TEST_F(StartPlacesTest, a_cursor_of_a_version_that_noted_no_unit_keeps_its_place) {
  journal::Cursor before;
  before.position = journal_->oldest();
  before.events_done = 2;
  save(before);
  ASSERT_TRUE(restarted()->open(destination_));
  EXPECT_EQ(saved(), before);
}

// An attacker's scripts files1, files3 and old.
TEST_F(StartPlacesTest, a_journal_that_is_gone_is_told_of_each_destination_that_stood_in_it) {
  const std::string stood = fmt::format("{}/{}", saved().position.value >> 32, saved().position.value & UINT32_MAX);
  for (const bool with_extent : {true, false}) {
    SCOPED_TRACE(with_extent);
    const journal::Cursor before = saved();
    journal_.reset();
    for (const std::string& path : files_.paths()) {
      if (!path.starts_with("/data/journal/") || (with_extent && path.ends_with("extent"))) continue;
      ASSERT_TRUE(files_.remove(path));
    }
    journal_ = *journal::Journal::open("/data/journal", limits_, files_, clock_);
    const auto places = restarted();
    ASSERT_TRUE(places->open(destination_));
    const auto told = noted(*places, destination_.id, "journal_entries_lost");
    ASSERT_TRUE(told);
    EXPECT_NE(told->message.find(with_extent ? "at most 1 entry" : "not in the journal any more"), std::string::npos)
        << told->message;
    EXPECT_NE(told->message.find(stood), std::string::npos) << told->message;
    // The same journal once more: nothing new is lost, and what was is not forgotten.
    save({.position = journal_->end()});
    journal_.reset();
    journal_ = *journal::Journal::open("/data/journal", limits_, files_, clock_);
    const auto again = restarted();
    ASSERT_TRUE(again->open(destination_));
    ASSERT_TRUE(noted(*again, destination_.id, "journal_entries_lost"));
    again->acknowledged(destination_.id);
    const auto later = restarted();
    ASSERT_TRUE(later->open(destination_));
    EXPECT_FALSE(noted(*later, destination_.id, "journal_entries_lost"));
    save(before);
  }
}

TEST_F(StartPlacesTest, an_older_journal_that_was_put_back_is_told_of_a_cursor_behind_its_end) {
  journal::Cursor beyond = saved();
  beyond.position.value += std::uint64_t{5} << 32;
  save(beyond);
  const auto places = restarted();
  EXPECT_EQ(saved().position, journal_->end());
  EXPECT_TRUE(noted(*places, destination_.id, "journal_entries_lost"));
}

TEST_F(StartPlacesTest, what_a_sink_had_sealed_is_not_told_as_lost) {
  const journal::Cursor before = saved();
  const EventPlace first{before.position, 0}, last{{before.position.value + 64}, 0};
  journal_.reset();
  journal_ = *journal::Journal::open("/data/journal", limits_, files_, clock_, worker_threads(),
                                     {before.position.value + 1000});
  StartPlaces places(*journal_, files_, clock_, "/data");
  places.repair("/data/set-aside", [&](storage::FileSystem&, const std::string& folder) {
    EXPECT_EQ(folder, "/data/spool/" + destination_.id.hex());
    return std::vector<SealedEvents>{{1, first, first, 20, true}, {2, last, last, 30, true}};
  });
  const auto told = noted(places, destination_.id, "journal_entries_lost");
  ASSERT_TRUE(told) << "more may have come behind them";
  EXPECT_NE(told->message.find("50 events"), std::string::npos) << told->message;
}

// Seed 70012160 of the simulation: the objects were uploaded, and nobody waited for them or counted them.
TEST_F(StartPlacesTest, a_lost_cursor_starts_before_what_the_sink_has_sealed) {
  ASSERT_TRUE(files_.remove("/data/cursors/" + destination_.id.hex() + ".cursor"));
  const EventPlace sealed{{journal_->oldest().value - 64}, 3}, not_whole{};
  StartPlaces places(*journal_, files_, clock_, "/data");
  places.repair("/data/set-aside", [&](storage::FileSystem&, const std::string&) {
    return std::vector<SealedEvents>{{1, not_whole, not_whole, 20, false}, {2, sealed, sealed, 30, true}};
  });
  const auto opened = places.open(destination_);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->loaded()->position, sealed.entry);
  EXPECT_EQ((*opened)->loaded()->events_done, 0u);
}

TEST_F(StartPlacesTest, a_loss_between_events_that_a_sink_had_sealed_costs_nothing_if_it_had_all_of_them) {
  const journal::Cursor before = saved();
  for (const bool whole : {true, false}) {
    journal_.reset();
    for (const std::string& path : files_.paths())
      if (path.starts_with("/data/journal/")) (void)files_.remove(path);
    save(before);
    journal_ = *journal::Journal::open("/data/journal", limits_, files_, clock_, worker_threads(), before.position);
    StartPlaces places(*journal_, files_, clock_, "/data");
    const EventPlace first{before.position, 0};
    const EventPlace behind{journal_->end(), 0};
    places.repair("/data/set-aside", [&](storage::FileSystem&, const std::string&) {
      return std::vector<SealedEvents>{{1, first, first, 20, true}, {whole ? 2u : 3u, behind, behind, 30, true}};
    });
    EXPECT_EQ(noted(places, destination_.id, "journal_entries_lost").has_value(), !whole);
  }
}

// An attacker's script kindc: to payloads and back.
TEST_F(StartPlacesTest, a_kind_that_was_changed_back_tells_what_was_passed_over_and_no_more) {
  enum class Passed : std::uint8_t { nothing, something, sealed };
  for (const Passed passed : {Passed::nothing, Passed::something, Passed::sealed}) {
    SCOPED_TRACE(static_cast<int>(passed));
    journal::Cursor cursor;
    cursor.position = journal_->end();
    cursor.unit = journal::CursorUnit::events;
    save(cursor);
    append_events(3);
    destination_.wants_originals = true;
    ASSERT_TRUE(restarted()->open(destination_));
    const journal::Position from = cursor.position;
    cursor = saved();
    if (passed != Passed::nothing) cursor.position = journal_->end();
    save(cursor);
    destination_.wants_originals = false;
    StartPlaces places(*journal_, files_, clock_, "/data");
    places.repair("/data/set-aside", [&](storage::FileSystem&, const std::string&) {
      if (passed != Passed::sealed) return std::vector<SealedEvents>();
      return std::vector<SealedEvents>{{1, {from, 0}, {from, 2}, 3, true}};
    });
    ASSERT_TRUE(places.open(destination_));
    EXPECT_FALSE(noted(places, destination_.id, "payloads_not_kept")) << "the kind is no longer such";
    const auto told = noted(places, destination_.id, "events_passed_over");
    ASSERT_EQ(told.has_value(), passed == Passed::something);
    EXPECT_TRUE(!told || told->message.find("At most 3 of them") != std::string::npos) << told->message;
    const auto later = restarted();
    ASSERT_TRUE(later->open(destination_));
    EXPECT_FALSE(noted(*later, destination_.id, "payloads_not_kept"));
    EXPECT_EQ(noted(*later, destination_.id, "events_passed_over").has_value(), passed == Passed::something);
    later->acknowledged(destination_.id);
  }
}

TEST_F(StartPlacesTest, a_journal_that_is_gone_with_the_cursors_is_told_of_each_destination_that_had_begun) {
  journal_.reset();
  for (const std::string& path : files_.paths()) {
    if (!path.starts_with("/data/journal/") && !path.starts_with("/data/cursors/")) continue;
    ASSERT_TRUE(files_.remove(path));
  }
  journal_ = *journal::Journal::open("/data/journal", limits_, files_, clock_);
  catalog::Destination fresh = destination_;
  fresh.id = *ObjectId::parse("610addeadbeefaa86ec9a7d5");
  for (int start = 0; start < 2; ++start) {
    const auto places = restarted();
    ASSERT_TRUE(places->open(destination_));
    const auto told = noted(*places, destination_.id, "journal_entries_lost");
    ASSERT_TRUE(told) << start;
    EXPECT_NE(told->message.find("cannot be counted"), std::string::npos) << told->message;
    EXPECT_TRUE(told->tells_loss);
    ASSERT_TRUE(places->open(fresh));
    EXPECT_TRUE(places->notes(fresh.id).empty()) << "it is new";
  }
}

TEST_F(StartPlacesTest, an_older_journal_whose_end_is_where_a_cursor_stands_is_told_by_how_far_it_had_come) {
  for (const bool is_older : {false, true}) {
    const journal::Position end = journal_->end();
    journal_.reset();
    journal_ = *journal::Journal::open("/data/journal", limits_, files_, clock_, worker_threads(),
                                       {end.value + (is_older ? 4096 : 0)});
    StartPlaces places(*journal_, files_, clock_, "/data");
    places.repair("/data/set-aside");
    EXPECT_EQ(noted(places, destination_.id, "journal_entries_lost").has_value(), is_older);
  }
}

TEST_F(StartPlacesTest, payloads_that_were_not_kept_while_it_was_set_aside_are_told_with_their_number) {
  destination_.wants_originals = true;
  save({.position = journal_->end(), .unit = journal::CursorUnit::payloads});
  StartPlaces places(*journal_, files_, clock_, "/data");
  append(event::EventKind::original);
  ASSERT_TRUE(places.came_back(destination_));
  EXPECT_TRUE(places.notes(destination_.id).empty());
  append(event::EventKind::custom);
  append(event::EventKind::custom);
  ASSERT_TRUE(places.came_back(destination_));
  const auto told = noted(places, destination_.id, "payloads_not_kept");
  ASSERT_TRUE(told);
  EXPECT_NE(told->message.find("At most 2 payloads"), std::string::npos) << told->message;
  const auto after_restart = restarted();
  ASSERT_TRUE(after_restart->open(destination_));
  EXPECT_TRUE(noted(*after_restart, destination_.id, "payloads_not_kept")) << "its owner has not seen it";
}

TEST_F(StartPlacesTest, events_that_wait_in_an_environment_that_a_destination_no_longer_has_are_told) {
  append(event::EventKind::custom);
  destination_.environment_id = *ObjectId::parse("578d1e02d2943862c52b9687");
  const auto places = restarted();
  ASSERT_TRUE(places->open(destination_));
  const auto told = noted(*places, destination_.id, "environment_changed");
  ASSERT_TRUE(told);
  EXPECT_NE(told->message.find("At most 1 event of that one"), std::string::npos) << told->message;
}

TEST_F(StartPlacesTest, a_destination_that_repeats_payloads_never_resumes_at_the_oldest_however_soon_it_is_on_again) {
  destination_.wants_originals = true;
  StartPlaces first(*journal_, files_, clock_, "/data");
  ASSERT_TRUE(first.open(destination_));
  ASSERT_TRUE(files_.remove("/data/cursors/" + destination_.id.hex() + ".cursor"));
  StartPlaces places(*journal_, files_, clock_, "/data");
  ASSERT_FALSE(places.open(destination_));
  ASSERT_TRUE(places.reserve(destination_.id, "", &destination_));  // before anybody looked at it as off
  const auto again = places.open(destination_);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ((*again)->loaded()->position, journal_->end());
}

TEST_F(StartPlacesTest, a_crash_before_a_new_destination_has_its_place_does_not_make_it_look_lost) {
  catalog::Destination other = destination_;
  other.id = *ObjectId::parse("610addeadbeefaa86ec9a7d5");
  std::vector<std::unique_ptr<storage::FakeFileSystem>> images;
  files_.before_each_change([&] {
    for (const auto crash : {storage::FakeFileSystem::Crash::lose_all, storage::FakeFileSystem::Crash::keep_some,
                             storage::FakeFileSystem::Crash::loose, storage::FakeFileSystem::Crash::keep_all})
      for (std::uint64_t seed = 1; seed <= 8; ++seed) images.push_back(files_.after_crash(crash, seed));
  });
  ASSERT_TRUE(StartPlaces(*journal_, files_, clock_, "/data").open(other));
  files_.before_each_change(nullptr);
  for (const auto& image : images) {
    StartPlaces places(*journal_, *image, clock_, "/data");
    ASSERT_TRUE(places.open(other));
    EXPECT_FALSE(lost_cursor(places, other.id));
  }
}

// A destination that was created off: its owner switches it on while the catalog that has it off is being applied.
TEST_F(StartPlacesTest, a_start_is_reserved_while_the_catalog_before_is_applied) {
  StartPlaces places(*journal_, files_, clock_, "/data");
  catalog::Destination fresh = destination_;
  const std::thread::id owner = std::this_thread::get_id();
  constexpr int kMostChanges = 32;
  int at = 0, changes = 0;
  for (; at < kMostChanges && changes >= at; ++at) {
    SCOPED_TRACE(at);
    fresh.id.bytes[11] = static_cast<std::uint8_t>(at);
    fresh.id.bytes[10] = 7;
    changes = 0;
    // Before each change that the reservation makes on disk, at one of them: what applies the catalog meets it there.
    std::future<bool> applied;
    files_.before_each_change([&] {
      if (std::this_thread::get_id() != owner || changes++ != at) return;
      applied = std::async(std::launch::async, [&] { return places.restore_if_lost(fresh).has_value(); });
      applied.wait_for(std::chrono::milliseconds(20));
    });
    const auto reserved = places.reserve(fresh.id, fresh.name, &fresh);
    files_.before_each_change({});
    EXPECT_TRUE(reserved && *reserved) << (reserved ? "it had a place" : reserved.error().message);
    EXPECT_TRUE(!applied.valid() || applied.get());
    EXPECT_FALSE(lost_cursor(places, fresh.id));
  }
  EXPECT_GT(at, 5) << "a reservation changes the disk";
  EXPECT_LT(at, kMostChanges);
}

TEST_F(StartPlacesTest, a_start_that_is_reserved_for_one_that_nobody_knows_yet_says_its_name_alone) {
  StartPlaces places(*journal_, files_, clock_, "/data");
  catalog::Destination fresh = destination_;
  fresh.id.bytes[11] ^= 1;
  ASSERT_TRUE(places.reserve(fresh.id, "fresh"));
  const StartedAs as = StartRecords(files_, "/data").read(fresh.id);
  EXPECT_EQ(as.name, "fresh");
  EXPECT_EQ(as.kind, "");
  EXPECT_FALSE(as.environment);
  EXPECT_FALSE(as.wants_payloads);
}

}  // namespace
}  // namespace sluice::exporting
