// A truly new destination starts now, and one whose cursor is gone at the oldest entry, however it went.
#include "export/start_places.h"

#include <gtest/gtest.h>

#include <future>

#include "journal/cursor_store.h"
#include "storage/file_system_fake.h"

namespace sluice::exporting {
namespace {

class StartPlacesTest : public testing::Test {
 protected:
  StartPlacesTest() {
    destination_.id = *ObjectId::parse("610addeadbeefaa86ec9a7d4");
    destination_.name = "flag events";
    limits_.segment_bytes = 64 << 10;
    limits_.min_free_bytes = 0;
    journal_ = *journal::Journal::open("/data/journal", limits_, files_, clock_);
    std::promise<journal::AppendOutcome> stored;
    journal::AppendRequest request;
    request.environment = *ObjectId::parse("578d1e02d2943862c52b9686");
    request.received_ms = clock_.wall_ms();
    request.entry = "entry";
    request.done = [&](journal::AppendOutcome outcome) { stored.set_value(outcome); };
    journal_->append(std::move(request));
    EXPECT_EQ(stored.get_future().get(), journal::AppendOutcome::durable);
    const auto opened = StartPlaces(*journal_, files_, clock_, "/data").open(destination_);
    EXPECT_TRUE(opened);
    EXPECT_EQ((*opened)->loaded()->position, journal_->end());
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
  ASSERT_EQ(whole.size(), 4096u + 96u);
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
      const auto problem = places.lost_cursor(destination_.id);
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
  EXPECT_FALSE(places.lost_cursor(other.id)) << "it is new";
  ASSERT_TRUE(places.restore_if_lost(destination_));
  EXPECT_FALSE(places.lost_cursor(destination_.id)) << "it has one";
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
  ASSERT_TRUE(places.lost_cursor(other.id));
  places.forget(other.id);
  ASSERT_TRUE(places.open(other));
  EXPECT_FALSE(places.lost_cursor(other.id)) << "it was deleted, and is new now";
}

TEST_F(StartPlacesTest, a_catalog_that_was_restored_beside_an_empty_journal_has_lost_nothing) {
  storage::FakeFileSystem files(1);
  const auto journal = journal::Journal::open("/data/journal", limits_, files, clock_);
  ASSERT_TRUE(journal);
  StartPlaces places(**journal, files, clock_, "/data");
  places.expect_places({destination_.id});
  ASSERT_TRUE(places.open(destination_));
  EXPECT_FALSE(places.lost_cursor(destination_.id));
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
  ASSERT_TRUE(places.lost_cursor(destination_.id));
  EXPECT_NE(places.lost_cursor(destination_.id)->message.find("were not forwarded"), std::string::npos);
}

TEST_F(StartPlacesTest, a_destination_that_repeats_payloads_never_resumes_at_the_oldest_however_soon_it_is_on_again) {
  destination_.wants_originals = true;
  StartPlaces first(*journal_, files_, clock_, "/data");
  ASSERT_TRUE(first.open(destination_));
  ASSERT_TRUE(files_.remove("/data/cursors/" + destination_.id.hex() + ".cursor"));
  StartPlaces places(*journal_, files_, clock_, "/data");
  ASSERT_FALSE(places.open(destination_));
  ASSERT_TRUE(places.reserve(destination_.id, "", lost_cursor_of(destination_)));  // before anybody looked at it as off
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
    EXPECT_FALSE(places.lost_cursor(other.id));
  }
}

}  // namespace
}  // namespace sluice::exporting
