#include "export/replay.h"

#include <gtest/gtest.h>

#include "storage/file_system_fake.h"

namespace sluice::exporting {
namespace {

using storage::FakeFileSystem;

const ObjectId kReplayed = *ObjectId::parse("5744c96707c9900708000004");

// Whoever was told that a replay is refused, cancelled or done is told so for good.
TEST(ReplayFiles, a_replay_that_was_removed_does_not_come_back_after_a_power_cut) {
  FakeFileSystem disk(1);
  ASSERT_TRUE(disk.make_directory("/data"));
  ReplayFiles replays(disk, "/data");
  ASSERT_TRUE(replays.begin(kReplayed, {{1, 2, {3}}, 4}, {1}));
  for (std::uint64_t seed = 0; seed < 16; ++seed) {
    const auto cut = disk.after_crash(FakeFileSystem::Crash::loose, seed);
    const auto found = ReplayFiles(*cut, "/data").find(kReplayed);
    ASSERT_TRUE(found && *found) << "one that was begun is kept; seed " << seed;
  }
  replays.remove(kReplayed);
  for (std::uint64_t seed = 0; seed < 16; ++seed) {
    const auto cut = disk.after_crash(FakeFileSystem::Crash::loose, seed);
    const auto found = ReplayFiles(*cut, "/data").find(kReplayed);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_FALSE(*found) << "seed " << seed;
  }
}

}  // namespace
}  // namespace sluice::exporting
