// Whoever remembers a place in the journal is asked before the journal is opened.
#include "export/remembered_places.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "export/replay.h"
#include "journal/cursor_store.h"
#include "storage/file_system_fake.h"

namespace sluice::exporting {
namespace {

const ObjectId kDestination = *ObjectId::parse("610addeadbeefaa86ec9a7d4");

void save_cursor(storage::FakeFileSystem& files, const std::string& directory, std::uint64_t position) {
  ASSERT_TRUE((*journal::CursorFile::open(directory, kDestination, files))->save({.position = {position}}));
}

void begin_replay(storage::FakeFileSystem& files, const std::string& root, std::uint64_t end) {
  ASSERT_TRUE(ReplayFiles(files, root).begin(kDestination, {{0, 1, {end}, 0}, 0}, {1}));
}

TEST(RememberedPlaces, are_those_of_every_file_outside_of_the_journal) {
  const std::vector<std::pair<const char*, std::function<void(storage::FakeFileSystem&)>>> holders = {
      {"a cursor", [](auto& files) { save_cursor(files, "/data/cursors", 77); }},
      {"a replay's cursor", [](auto& files) { save_cursor(files, "/data/replays", 77); }},
      {"a replay's end", [](auto& files) { begin_replay(files, "/data", 77); }},
      {"a cursor that is set aside", [](auto& files) { save_cursor(files, "/data/set-aside/cursors", 77); }},
      {"a replay that is set aside", [](auto& files) { begin_replay(files, "/data/set-aside", 77); }},
      {"how far the journal had come",
       [](auto& files) {
         std::string line = fmt::format("sluice journal end 1 {:016x} ", 77);
         line += fmt::format("{:08x}\n", crc32c(line.data(), line.size()));
         files.set_bytes("/data/journal-end", line);
       }},
  };
  for (const auto& [what, hold] : holders) {
    SCOPED_TRACE(what);
    storage::FakeFileSystem files(1);
    hold(files);
    EXPECT_EQ(remembered_end(files, "/data", nullptr), journal::Position{77});
  }
  storage::FakeFileSystem nothing(1);
  EXPECT_EQ(remembered_end(nothing, "/data", nullptr), journal::Position{});
}

// Found by the simulation (seed 63089969): the entry that a cursor was inside of was lost, as the last one of the
// journal, and another one got its place.
TEST(RememberedPlaces, of_a_cursor_inside_an_entry_are_behind_where_the_entry_begins) {
  storage::FakeFileSystem files(1);
  ASSERT_TRUE(
      (*journal::CursorFile::open("/data/cursors", kDestination, files))->save({.position = {77}, .events_done = 1}));
  EXPECT_GT(remembered_end(files, "/data", nullptr), journal::Position{77});
}

TEST(RememberedPlaces, are_those_of_sinks_in_their_folders_too) {
  for (const char* const folder :
       {"/data/spool/610addeadbeefaa86ec9a7d4", "/data/spool/610addeadbeefaa86ec9a7d4-replay"}) {
    storage::FakeFileSystem files(1);
    save_cursor(files, "/data/cursors", 77);
    const auto sealed_in = [&](storage::FileSystem&, const std::string& of) {
      std::vector<SealedEvents> sealed = {{.number = 3}};  // damaged
      if (of == folder) sealed.push_back({4, {{80}, 0}, {{90}, 5}, 6, true});
      return sealed;
    };
    EXPECT_GT(remembered_end(files, "/data", sealed_in), journal::Position{90});
  }
}

TEST(RememberedPlaces, of_a_damaged_file_are_none) {
  storage::FakeFileSystem files(1);
  files.set_bytes("/data/cursors/610addeadbeefaa86ec9a7d4.cursor", std::string(200, 'x'));
  files.set_bytes("/data/replays/610addeadbeefaa86ec9a7d4.json", "{}");
  files.set_bytes("/data/journal-end", "sluice journal end 1 000000000000004d 00000000\n");
  EXPECT_EQ(remembered_end(files, "/data", nullptr), journal::Position{});
}

}  // namespace
}  // namespace sluice::exporting
