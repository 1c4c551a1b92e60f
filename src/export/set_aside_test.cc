// What the catalog does not know is kept, and comes back.
#include "export/set_aside.h"

#include <gtest/gtest.h>

#include "export/start_places.h"
#include "journal/cursor_store.h"
#include "storage/file_system_fake.h"

namespace sluice::exporting {
namespace {

class SetAsideTest : public testing::Test {
 protected:
  SetAsideTest() {
    destination_.id = *ObjectId::parse("610addeadbeefaa86ec9a7d4");
    destination_.name = "flag events";
    limits_.segment_bytes = 64 << 10;
    limits_.min_free_bytes = 0;
    journal_ = *journal::Journal::open("/data/journal", limits_, files_, clock_);
    EXPECT_TRUE(StartPlaces(*journal_, files_, clock_, "/data").open(destination_));
    const std::string cursor = "/data/cursors/610addeadbeefaa86ec9a7d4.cursor";
    files_.set_bytes(cursor, files_.bytes(cursor));  // synced, with the room that is allocated
    files_.set_bytes("/data/dead-letters/610addeadbeefaa86ec9a7d4.ndjson", "{}\n");
    files_.set_bytes("/data/dead-letters/610addeadbeefaa86ec9a7d4-replay.ndjson", "{}\n");
    files_.set_bytes("/data/replays/610addeadbeefaa86ec9a7d4.json", "{}");
    files_.set_bytes("/data/dead-letters/intake.ndjson", "{}\n");
  }
  // Of all files in data directories but the journal's and the notes.
  static std::map<std::string, std::string> in_place(storage::FakeFileSystem& files) {
    std::map<std::string, std::string> found;
    for (const std::string& path : files.paths())
      if (!path.starts_with("/data/journal/") && !path.starts_with("/data/set-aside/")) found[path] = files.bytes(path);
    return found;
  }
  SetAside set_aside(storage::FakeFileSystem& files) { return {*journal_, files, clock_, "/data"}; }
  static catalog::CatalogSnapshot snapshot(std::vector<catalog::Destination> destinations) {
    return catalog::CatalogSnapshot({}, {}, std::move(destinations));
  }

  storage::FakeFileSystem files_{1};
  SystemClock clock_;
  journal::JournalLimits limits_;
  catalog::Destination destination_;
  std::unique_ptr<journal::Journal> journal_;
};

TEST_F(SetAsideTest, an_unknown_destination_loses_no_file_and_gets_all_of_them_back) {
  const auto before = in_place(files_);
  SetAside aside = set_aside(files_);
  aside.begin(snapshot({}));
  EXPECT_EQ(in_place(files_).size(), 1u) << "the dead letters of intake belong to no destination";
  ASSERT_EQ(aside.list().size(), 1u);
  EXPECT_EQ(aside.list()[0].id, destination_.id);
  EXPECT_EQ(aside.list()[0].name, "flag events");
  EXPECT_GT(aside.list()[0].kept_until_ms, clock_.wall_ms());
  EXPECT_TRUE(aside.take_back({destination_}).empty());
  EXPECT_EQ(in_place(files_), before);
  EXPECT_TRUE(aside.list().empty());
}

TEST_F(SetAsideTest, a_second_start_without_the_destination_changes_nothing) {
  const auto before = in_place(files_);
  set_aside(files_).begin(snapshot({}));
  SetAside again = set_aside(files_);
  again.begin(snapshot({}));
  EXPECT_EQ(again.list().size(), 1u);
  EXPECT_TRUE(again.take_back({destination_}).empty());
  EXPECT_EQ(in_place(files_), before);
}

TEST_F(SetAsideTest, whatever_change_of_the_disk_is_the_last_before_a_crash_nothing_is_lost) {
  const auto before = in_place(files_);
  std::vector<std::unique_ptr<storage::FakeFileSystem>> images;
  files_.before_each_change([&] {
    for (std::uint64_t seed = 1; seed <= 8; ++seed)
      images.push_back(files_.after_crash(storage::FakeFileSystem::Crash::loose, seed));
  });
  SetAside aside = set_aside(files_);
  aside.begin(snapshot({}));
  EXPECT_TRUE(aside.take_back({destination_}).empty());
  files_.before_each_change(nullptr);
  ASSERT_GT(images.size(), 50u);
  for (const auto& image : images) {
    SetAside after = set_aside(*image);
    after.begin(snapshot({destination_}));
    EXPECT_TRUE(after.take_back({destination_}).empty());
    EXPECT_EQ(in_place(*image), before);
  }
}

TEST_F(SetAsideTest, a_file_of_that_name_is_not_overwritten) {
  SetAside aside = set_aside(files_);
  aside.begin(snapshot({}));
  files_.set_bytes("/data/dead-letters/610addeadbeefaa86ec9a7d4.ndjson", "newer\n");
  EXPECT_TRUE(aside.take_back({destination_}).empty());
  EXPECT_EQ(files_.bytes("/data/dead-letters/610addeadbeefaa86ec9a7d4.ndjson"), "newer\n");
  std::size_t kept = 0;
  for (const auto& [path, bytes] : in_place(files_))
    kept += path.starts_with("/data/dead-letters/610addeadbeefaa86ec9a7d4.ndjson.") && bytes == "{}\n";
  EXPECT_EQ(kept, 1u);
}

// From before it leaves the catalog, over restarts, until it is back, or what its cursor needs is not kept any more.
TEST_F(SetAsideTest, payloads_are_kept_for_one_that_forwards_them) {
  destination_.wants_originals = true;
  destination_.kind = "launchdarkly-events";
  destination_.environment_id = *ObjectId::parse("578d1e02d2943862c52b9686");
  ASSERT_TRUE(StartPlaces(*journal_, files_, clock_, "/data").open(destination_));
  const std::set<ObjectId> its{destination_.environment_id};
  ManualClock clock(clock_.wall_ms());
  std::set<ObjectId> kept;
  const auto start = [&](std::vector<catalog::Destination> known) {
    auto aside = std::make_unique<SetAside>(*journal_, files_, clock, "/data");
    aside->when_payloads_are_wanted([&](std::set<ObjectId> wanted) { kept = std::move(wanted); });
    kept.clear();
    aside->begin(snapshot(std::move(known)));
    return aside;
  };
  auto aside = start({destination_});
  EXPECT_TRUE(kept.empty());
  aside->will_be_put(destination_);
  EXPECT_EQ(kept, its);
  aside->put(destination_.id);
  EXPECT_EQ(kept, its);
  EXPECT_EQ(aside->list()[0].kind, "launchdarkly-events");
  EXPECT_TRUE(aside->list()[0].keeps_payloads);
  aside = start({});
  EXPECT_EQ(kept, its);
  clock.advance_us(journal_->retention_ms() * 1000);
  aside->sample();
  EXPECT_TRUE(kept.empty());
  EXPECT_FALSE(aside->list()[0].keeps_payloads);
  EXPECT_TRUE(aside->take_back({destination_}).empty());
  aside->will_be_put(destination_);
  aside->put(destination_.id);
  EXPECT_EQ(kept, its) << "set aside anew, it has all of the time";
  EXPECT_TRUE(aside->take_back({destination_}).empty());
  EXPECT_TRUE(kept.empty());
}

TEST_F(SetAsideTest, what_it_missed_is_told_also_when_the_process_ends_before_it_could_be) {
  SetAside first = set_aside(files_);
  first.begin(snapshot({}));
  const auto refuses = [](const catalog::Destination&) -> Result<void> { return fail("disk full"); };
  EXPECT_EQ(first.take_back({destination_}, refuses).size(), 1u);
  SetAside next = set_aside(files_);
  next.begin(snapshot({destination_}));
  int told = 0;
  const auto tells = [&](const catalog::Destination&) -> Result<void> { return ++told, Result<void>(); };
  EXPECT_TRUE(next.take_back({destination_}, tells).empty());
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(next.list().empty());
}

TEST_F(SetAsideTest, a_note_of_which_nothing_else_is_left_is_no_destination) {
  files_.set_bytes("/data/set-aside/610addeadbeefaa86ec9a7d5.json", "{}\n");
  SetAside aside = set_aside(files_);
  aside.begin(snapshot({destination_}));
  EXPECT_TRUE(aside.list().empty());
  EXPECT_FALSE(files_.exists("/data/set-aside/610addeadbeefaa86ec9a7d5.json"));
}

TEST_F(SetAsideTest, what_its_owner_deleted_is_removed_from_there_too) {
  SetAside aside = set_aside(files_);
  aside.begin(snapshot({}));
  for (const char* folder : {"/data/", "/data/set-aside/"})
    for (const char* file :
         {"destinations/610addeadbeefaa86ec9a7d4.json.1795", "history/610addeadbeefaa86ec9a7d4.json.new"})
      files_.set_bytes(std::string(folder) + file, "{}\n");
  EXPECT_TRUE(aside.forget({destination_.id}).empty());
  EXPECT_TRUE(aside.list().empty());
  for (const std::string& path : files_.paths()) EXPECT_EQ(path.find(destination_.id.hex()), std::string::npos) << path;
}

}  // namespace
}  // namespace sluice::exporting
