// Cuts the power, or kills the process, before every change of the disk and around every PUT, and lets another process
// resume from what is left.
#include <gtest/gtest.h>

#include <memory>

#include "base/random.h"
#include "base/rounds_fake.h"
#include "destinations/s3/spool_rig_fake.h"

namespace sluice::s3 {
namespace {

using storage::FakeFileSystem;

constexpr FakeFileSystem::Crash kCrashes[] = {FakeFileSystem::Crash::lose_all, FakeFileSystem::Crash::keep_all,
                                              FakeFileSystem::Crash::keep_some, FakeFileSystem::Crash::loose};
const auto kEveryEvent = [](const RigEvent&) { return true; };

// What outlives a crash.
struct Remains {
  std::unique_ptr<FakeFileSystem> files;
  BucketFake bucket;
  const char* where;
  FakeFileSystem::Crash crash = FakeFileSystem::Crash::lose_all;
};

RigSettings small() {
  RigSettings settings;
  settings.roll = {.bytes = 400, .age_us = 2'000'000, .events = 8};
  settings.puts_at_once = 5;
  return settings;
}
// Another version, after a change of settings.
RigSettings other() {
  RigSettings settings = small();
  settings.compression = Compression::zstd;
  settings.roll.bytes = 900;
  settings.revision = "2";
  return settings;
}

// Runs to the end, and keeps what a crash at each moment would have left.
std::vector<Remains> run_and_record(FakeFileSystem& files, BucketFake& bucket, const std::vector<RigEvent>& events,
                                    const RigSettings& settings, std::uint64_t seed) {
  std::vector<Remains> out;
  const auto record = [&](const char* where) {
    for (const auto crash : kCrashes)
      out.push_back({files.after_crash(crash, seed + out.size()), bucket, where, crash});
  };
  SpoolRig rig(files, bucket, events, settings);
  files.before_each_change([&] { record("before a change of the disk"); });
  rig.around_each_put([&] { record("around a PUT"); });
  EXPECT_TRUE(rig.run());
  files.before_each_change({});
  return out;
}

void expect_delivered(Remains& remains, const std::vector<RigEvent>& events, const RigSettings& settings,
                      const std::string& what, bool spool_intact = true) {
  SpoolRig rig(*remains.files, remains.bucket, events, settings);
  // What was synced is there; only a disk that reorders the removals of names shows a manifest without its file.
  if (spool_intact && remains.crash != FakeFileSystem::Crash::loose) {
    ASSERT_EQ(rig.spool().recovery().lost, 0u) << what << remains.where;
    ASSERT_EQ(rig.spool().recovery().damaged, std::vector<std::string>()) << what << remains.where;
  }
  ASSERT_TRUE(rig.run()) << what << remains.where;
  ASSERT_EQ(fault_of_delivery(remains.bucket, events, kEveryEvent), "") << what << remains.where;
  ASSERT_TRUE(rig.conflicts().empty()) << what << remains.where;
}

TEST(SpoolCrash, at_any_moment_leaves_each_event_in_exactly_one_object) {
  Random choice = Random::from_system();
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    const std::vector<RigEvent> events = rig_events(40, seed);
    FakeFileSystem files(seed);
    BucketFake bucket;
    std::vector<Remains> crashes = run_and_record(files, bucket, events, small(), seed);
    EXPECT_GT(crashes.size(), 300u);
    for (std::size_t i = 0; i < crashes.size(); ++i)
      if (is_tried(choice))
        expect_delivered(crashes[i], events, i % 2 == 0 ? small() : other(),
                         "seed " + std::to_string(seed) + ", crash " + std::to_string(i) + ", ");
  }
}

// A killed process leaves in memory what it had not synced; the next one builds on it, and then the power goes.
TEST(SpoolCrash, of_the_machine_after_one_of_the_process_leaves_each_event_in_exactly_one_object) {
  Random choice = Random::from_system();
  const std::vector<RigEvent> events = rig_events(20, 4);
  FakeFileSystem files(4);
  BucketFake bucket;
  std::vector<Remains> kills = run_and_record(files, bucket, events, small(), 4);
  for (std::size_t i = 0; i < kills.size(); ++i) {
    if (kills[i].crash != FakeFileSystem::Crash::keep_all || !is_tried(choice)) continue;
    std::vector<Remains> cuts = run_and_record(*kills[i].files, kills[i].bucket, events, small(), 5);
    for (std::size_t j = 0; j < cuts.size(); ++j)
      expect_delivered(cuts[j], events, small(), "kill " + std::to_string(i) + ", cut " + std::to_string(j) + ", ");
  }
}

TEST(SpoolCrash, again_and_again_leaves_each_event_in_exactly_one_object) {
  constexpr int kRounds = 100, kCrashesInARow = 5;
  Random choice = Random::from_system();
  for (int round = 0; round < kRounds; ++round) {
    if (!is_tried(choice)) continue;
    Random random(static_cast<std::uint64_t>(round));
    const std::vector<RigEvent> events = rig_events(40, random.next());
    Remains now{std::make_unique<FakeFileSystem>(random.next()), {}, "at first"};
    for (int crash = 0; crash < kCrashesInARow; ++crash) {
      std::vector<Remains> crashes =
          run_and_record(*now.files, now.bucket, events, random.below(2) == 0 ? small() : other(), random.next());
      if (crashes.empty()) break;  // all was delivered before
      now = std::move(crashes[random.below(crashes.size())]);
      if (random.below(3) != 0) continue;
      for (const std::string& path : now.files->paths()) {  // a spool file goes too
        if (path.ends_with(".object") && random.below(2) == 0) {
          ASSERT_TRUE(now.files->remove(path));
        }
      }
    }
    expect_delivered(now, events, small(), "round " + std::to_string(round) + ", ", false);
  }
}

}  // namespace
}  // namespace sluice::s3
