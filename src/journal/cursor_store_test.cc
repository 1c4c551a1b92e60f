#include "journal/cursor_store.h"

#include <gtest/gtest.h>

#include "journal/segment_format.h"
#include "storage/file_system_fake.h"

namespace sluice::journal {
namespace {

const ObjectId kDestination = *ObjectId::parse("610addeadbeefaa86ec9a7d4");
const std::string kPath = "/cursors/610addeadbeefaa86ec9a7d4.cursor";

Cursor cursor_at(std::uint64_t n) { return {make_position(n, 4096), static_cast<std::uint32_t>(n), n, n * 2, n, n, n}; }

std::optional<Cursor> loaded(storage::FakeFileSystem& files) {
  auto file = CursorFile::open("/cursors", kDestination, files);
  EXPECT_TRUE(file) << file.error().message;
  return file ? (*file)->loaded() : std::nullopt;
}

TEST(CursorFile, is_empty_for_a_new_destination_and_gives_back_what_was_saved) {
  storage::FakeFileSystem files(1);
  EXPECT_FALSE(loaded(files));
  auto file = CursorFile::open("/cursors", kDestination, files);
  for (std::uint64_t n = 1; n <= 5; ++n) {
    ASSERT_TRUE((*file)->save(cursor_at(n)));
    EXPECT_EQ(loaded(files), cursor_at(n));
  }
}

TEST(CursorFile, what_it_counts_is_not_taken_from_a_slot_that_an_earlier_version_wrote_over) {
  storage::FakeFileSystem files(1);
  auto file = CursorFile::open("/cursors", kDestination, files);
  for (std::uint64_t n = 1; n <= 2; ++n) {
    Cursor cursor = cursor_at(n);
    cursor.unit = n == 1 ? CursorUnit::events : CursorUnit::payloads;
    ASSERT_TRUE((*file)->save(cursor));
    EXPECT_EQ(loaded(files), cursor);
  }
  // Generation 3 goes to the first slot, and an earlier version wrote 96 bytes of it.
  std::string before = files.bytes(kPath);
  ASSERT_TRUE((*file)->save(cursor_at(3)));
  before.replace(0, 96, files.bytes(kPath).substr(0, 96));
  files.set_bytes(kPath, before);
  EXPECT_EQ(loaded(files), cursor_at(3));
  EXPECT_EQ(loaded(files)->unit, CursorUnit::unknown);
}

TEST(CursorFile, is_saved_also_once_the_disk_has_run_full) {
  storage::FakeFileSystem files(1);
  auto file = CursorFile::open("/cursors", kDestination, files);
  ASSERT_TRUE((*file)->save(cursor_at(1)));
  files.set_capacity(files.used_bytes());
  for (std::uint64_t n = 2; n <= 4; ++n) ASSERT_TRUE((*file)->save(cursor_at(n)));
  EXPECT_EQ(loaded(files), cursor_at(4));
}

TEST(CursorFile, after_a_crash_at_any_moment_has_the_last_saved_or_the_one_being_saved) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    storage::FakeFileSystem files(seed);
    auto file = CursorFile::open("/cursors", kDestination, files);
    std::uint64_t saved = 0;
    files.before_each_change([&] {
      for (const auto crash : {storage::FakeFileSystem::Crash::lose_all, storage::FakeFileSystem::Crash::keep_some,
                               storage::FakeFileSystem::Crash::loose, storage::FakeFileSystem::Crash::keep_all}) {
        const auto image = files.after_crash(crash, seed);
        const auto found = loaded(*image);
        if (saved == 0 && !found) continue;
        ASSERT_TRUE(found);
        EXPECT_TRUE(*found == cursor_at(saved) || *found == cursor_at(saved + 1)) << found->delivered_events;
      }
    });
    for (std::uint64_t n = 1; n <= 4; ++n) {
      ASSERT_TRUE((*file)->save(cursor_at(n)));
      saved = n;
    }
  }
}

TEST(CursorFile, what_is_noted_outlives_the_process_and_a_power_cut_brings_back_at_worst_what_was_saved) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    storage::FakeFileSystem files(seed);
    auto file = CursorFile::open("/cursors", kDestination, files);
    ASSERT_TRUE((*file)->save(cursor_at(1)));
    std::uint64_t saved = 1, noted = 1;
    int syncs = 0;
    files.before_each_change([&] {
      ++syncs;
      for (const auto crash : {storage::FakeFileSystem::Crash::lose_all, storage::FakeFileSystem::Crash::keep_some,
                               storage::FakeFileSystem::Crash::loose}) {
        const auto found = loaded(*files.after_crash(crash, seed));
        ASSERT_TRUE(found);
        EXPECT_GE(found->delivered_events, saved);
        EXPECT_LE(found->delivered_events, noted + 1);
      }
      EXPECT_GE(loaded(*files.after_crash(storage::FakeFileSystem::Crash::keep_all, seed))->delivered_events, noted);
    });
    for (std::uint64_t n = 2; n <= 12; ++n) {
      syncs = 0;
      const bool saves = n % 5 == 0;
      ASSERT_TRUE(saves ? (*file)->save(cursor_at(n)) : (*file)->note(cursor_at(n)));
      EXPECT_EQ(syncs, saves ? 2 : 1) << "to note is one write";
      EXPECT_EQ((*file)->loaded(), cursor_at(n));
      EXPECT_EQ(loaded(files), cursor_at(n));
      if (saves) {
        saved = n;
        EXPECT_EQ(loaded(*files.after_crash(storage::FakeFileSystem::Crash::lose_all, seed)), cursor_at(n));
      }
      noted = n;
    }
  }
}

// A version before this one takes a slot's place from its generation, and writes over the older one.
TEST(CursorFile, the_newest_slot_lies_where_its_generation_says) {
  storage::FakeFileSystem files(1);
  auto file = CursorFile::open("/cursors", kDestination, files);
  ASSERT_TRUE((*file)->save(cursor_at(1)));
  for (std::uint64_t n = 2; n <= 9; ++n) {
    ASSERT_TRUE(n % 3 == 0 ? (*file)->save(cursor_at(n)) : (*file)->note(cursor_at(n)));
    const std::string bytes = files.bytes(kPath);
    const auto generation = [&](std::size_t slot) { return static_cast<unsigned char>(bytes.at(slot + 32)); };
    EXPECT_EQ(generation(0) % 2, 1);
    EXPECT_EQ(generation(4096) % 2, 0);
    EXPECT_NE(bytes[40 + 4], bytes[4096 + 40 + 4]) << "two cursors";
  }
}

TEST(CursorFile, a_save_that_fails_leaves_the_one_before_and_the_next_one_works) {
  for (const bool at_sync : {false, true}) {
    storage::FakeFileSystem files(7);
    auto file = CursorFile::open("/cursors", kDestination, files);
    ASSERT_TRUE((*file)->save(cursor_at(1)));
    at_sync ? files.fail_sync(0, storage::FileFault::other) : files.fail_write(0, storage::FileFault::no_space);
    EXPECT_FALSE((*file)->save(cursor_at(2)));
    EXPECT_EQ(loaded(*files.after_crash(storage::FakeFileSystem::Crash::lose_all, 1)), cursor_at(1));
    files.fail_write(0, storage::FileFault::no_space);
    EXPECT_FALSE((*file)->note(cursor_at(2)));
    EXPECT_EQ(loaded(*files.after_crash(storage::FakeFileSystem::Crash::lose_all, 1)), cursor_at(1));
    ASSERT_TRUE((*file)->save(cursor_at(3)));
    EXPECT_EQ(loaded(files), cursor_at(3));
  }
}

TEST(CursorFile, a_rotten_slot_falls_back_to_the_other_and_two_are_told) {
  storage::FakeFileSystem files(1);
  auto file = CursorFile::open("/cursors", kDestination, files);
  ASSERT_TRUE((*file)->save(cursor_at(1)));
  ASSERT_TRUE((*file)->save(cursor_at(2)));
  for (std::uint64_t at = 0; at < 88; ++at) {
    files.flip(kPath, 4096 + at, 1);
    EXPECT_EQ(loaded(files), cursor_at(1)) << at;
    files.flip(kPath, 4096 + at, 1);
  }
  files.flip(kPath, 20, 1);
  files.flip(kPath, 4096 + 20, 1);
  const auto both = CursorFile::open("/cursors", kDestination, files);
  ASSERT_TRUE(both);
  EXPECT_FALSE((*both)->loaded());
  EXPECT_TRUE((*both)->damaged());
  ASSERT_TRUE((*both)->save(cursor_at(3)));
  EXPECT_EQ(loaded(files), cursor_at(3));
}

// Found by the simulation (seed 405744): what a killed process had not synced was relied on, and the copy before it
// overwritten; a power cut then took both, and the cursor fell back to the last but one.
TEST(CursorFile, does_not_fall_back_when_power_fails_after_a_kill) {
  storage::FakeFileSystem files(1);
  auto file = CursorFile::open("/cursors", kDestination, files);
  for (std::uint64_t n = 1; n <= 2; ++n) ASSERT_TRUE((*file)->save(cursor_at(n)));
  std::unique_ptr<storage::FakeFileSystem> killed;  // between the write and the sync
  files.before_each_change([&] { killed = files.after_crash(storage::FakeFileSystem::Crash::keep_all, 1); });
  ASSERT_TRUE((*file)->save(cursor_at(3)));
  files.before_each_change(nullptr);
  auto again = CursorFile::open("/cursors", kDestination, *killed);
  ASSERT_EQ((*again)->loaded(), cursor_at(3));
  killed->before_each_change([&] {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      const auto found = loaded(*killed->after_crash(storage::FakeFileSystem::Crash::keep_some, seed));
      ASSERT_TRUE(found);
      EXPECT_TRUE(*found == cursor_at(3) || *found == cursor_at(4)) << seed;
    }
  });
  ASSERT_TRUE((*again)->save(cursor_at(4)));
}

// Thousands of destinations start together, and a sync is a flush of the disk.
TEST(CursorFile, that_was_saved_is_opened_with_one_sync_and_looked_at_with_none) {
  storage::FakeFileSystem files(1);
  ASSERT_TRUE((*CursorFile::open("/cursors", kDestination, files))->save(cursor_at(1)));
  int syncs = 0;
  files.before_each_change([&] { ++syncs; });
  ASSERT_EQ((*CursorFile::open_existing("/cursors", kDestination, files))->loaded(), cursor_at(1));
  EXPECT_EQ(syncs, 0);
  ASSERT_EQ(loaded(files), cursor_at(1));
  EXPECT_EQ(syncs, 1);
}

TEST(CursorFile, that_was_only_looked_at_is_made_durable_before_a_save_overwrites_the_copy_before_it) {
  storage::FakeFileSystem files(1);
  auto file = CursorFile::open("/cursors", kDestination, files);
  ASSERT_TRUE((*file)->save(cursor_at(1)));
  files.fail_sync(0, storage::FileFault::other);
  EXPECT_FALSE((*file)->save(cursor_at(2)));  // written, not synced
  auto again = CursorFile::open_existing("/cursors", kDestination, files);
  ASSERT_EQ((*again)->loaded(), cursor_at(2));
  files.fail_sync(0, storage::FileFault::other);
  EXPECT_FALSE((*again)->save(cursor_at(3)));
  EXPECT_EQ(loaded(*files.after_crash(storage::FakeFileSystem::Crash::lose_all, 1)), cursor_at(1));
  EXPECT_EQ((*again)->loaded(), cursor_at(2));
}

TEST(CursorFile, of_another_destination_is_not_taken) {
  storage::FakeFileSystem files(1);
  const ObjectId other = *ObjectId::parse("610addeadbeefaa86ec9a7d5");
  auto file = CursorFile::open("/cursors", other, files);
  ASSERT_TRUE((*file)->save(cursor_at(1)));
  files.set_bytes(kPath, files.bytes("/cursors/" + other.hex() + ".cursor"));
  const auto taken = CursorFile::open("/cursors", kDestination, files);
  ASSERT_TRUE(taken);
  EXPECT_FALSE((*taken)->loaded());
  EXPECT_TRUE((*taken)->damaged());
}

}  // namespace
}  // namespace sluice::journal
