// Events of sealed objects that the journal lost in between: delivered, and counted once.
#include <gtest/gtest.h>

#include "destinations/s3/spool_files.h"
#include "destinations/s3/spool_rig_fake.h"

namespace sluice::s3 {
namespace {

constexpr EventPlace kBehindAll{{UINT64_MAX}, 0};

struct SpoolAlone : testing::Test {
  storage::FakeFileSystem files{1};
  BucketFake bucket;
  std::vector<RigEvent> events = rig_events(120, 1);
  std::vector<exporting::SealedEvents> sealed;

  // Three objects are sealed and not uploaded when the process ends.
  void SetUp() override {
    SpoolRig rig(files, bucket, events, {});
    for (int i = 0; i < 200 && rig.spool().sealed() < 3; ++i) rig.turn(true, false);
    sealed = sealed_in_spool(files, SpoolRig::kFolder);
    ASSERT_EQ(sealed.size(), 3u);
  }
  bool is_in(std::size_t object, const RigEvent& event) const {
    return sealed[object].first <= event.place && event.place <= sealed[object].last;
  }
  // That are in these objects and that the journal gives no more; bytes of their lines.
  std::pair<std::uint64_t, std::uint64_t> lost(const RigSettings& settings) const {
    std::pair<std::uint64_t, std::uint64_t> sum;
    for (const RigEvent& event : events)
      for (std::size_t object = 0; object < sealed.size(); ++object)
        if (is_in(object, event) && !settings.wanted(event)) {
          ++sum.first;
          sum.second += event.record.size();
        }
    return sum;
  }
};

TEST_F(SpoolAlone, what_lies_sealed_is_seen_without_opening_the_spool) {
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    EXPECT_EQ(sealed[i].number, i + 1);
    EXPECT_TRUE(sealed[i].whole);
    EXPECT_GT(sealed[i].events, 1u);
  }
  files.set_bytes(spool_manifest_path(SpoolRig::kFolder, 2), "{}");
  ASSERT_TRUE(files.remove(spool_object_path(SpoolRig::kFolder, 3)));
  const auto damaged = sealed_in_spool(files, SpoolRig::kFolder);
  ASSERT_EQ(damaged.size(), 3u);
  EXPECT_TRUE(damaged[0].whole);
  EXPECT_FALSE(damaged[1].whole);
  EXPECT_FALSE(damaged[2].whole);
  EXPECT_EQ(damaged[2].last, sealed[2].last) << "its places are remembered";
}

// An attacker's script miss: middleWithIndex.
TEST_F(SpoolAlone, events_that_the_journal_lost_wait_until_they_are_uploaded_and_are_counted_once) {
  for (const bool all : {false, true}) {
    SCOPED_TRACE(all);
    const auto disk = files.after_crash(storage::FakeFileSystem::Crash::keep_all, 1);
    BucketFake mine = bucket;
    RigSettings settings;
    settings.wanted = [&](const RigEvent& event) {
      const bool second = is_in(1, event), half_of_third = is_in(2, event) && event.place.event == 0;
      return !(all ? is_in(0, event) || second || is_in(2, event) : second || half_of_third);
    };
    const std::uint64_t events_lost = lost(settings).first;
    ASSERT_GT(events_lost, 0u);
    {
      SpoolRig rig(*disk, mine, events, settings);
      for (int i = 0; i < 20; ++i) rig.turn(true, false);
      EXPECT_EQ(rig.spool().take_held_alone(sealed[0].first).waiting, 0u) << "nothing was read so far";
      EXPECT_EQ(rig.spool().take_held_alone(kBehindAll).waiting, events_lost);
      EXPECT_EQ(rig.spool().take_held_alone(kBehindAll).delivered, 0u) << "all at once";
      EXPECT_TRUE(rig.spool().may_hold_alone(sealed[1].first, sealed[1].last));
      EXPECT_FALSE(rig.spool().may_hold_alone({}, sealed[0].first)) << "there is nothing in front";
      // One object after the other: what is uploaded is shown before all of it is.
      std::uint64_t shown = 0;
      for (int i = 0; i < 50 && shown == 0; ++i) {
        rig.turn();
        const exporting::HeldAlone held = rig.spool().take_held_alone(kBehindAll);
        if (held.waiting == 0) break;
        shown = held.uploaded;
        EXPECT_EQ(held.waiting + held.uploaded, events_lost);
      }
      EXPECT_GT(shown, 0u);
      ASSERT_TRUE(rig.run());
      for (int i = 0; i < 5; ++i) rig.turn();  // what is sealed before the cursor goes too
    }
    EXPECT_EQ(fault_of_delivery(mine, events, [](const RigEvent&) { return true; }), "");
  }
}

TEST_F(SpoolAlone, what_was_uploaded_is_told_once_with_its_bytes_and_not_after_a_restart) {
  RigSettings settings;
  settings.wanted = [&](const RigEvent& event) { return !is_in(1, event); };
  const auto [events_lost, bytes_lost] = lost(settings);
  {
    SpoolRig rig(files, bucket, events, settings);
    ASSERT_TRUE(rig.run());
    const exporting::HeldAlone told = rig.spool().take_held_alone(kBehindAll);
    EXPECT_EQ(told.waiting, 0u);
    EXPECT_EQ(told.delivered, events_lost);
    EXPECT_EQ(told.delivered_bytes, bytes_lost);
    EXPECT_EQ(rig.spool().take_held_alone(kBehindAll).delivered, 0u);
    EXPECT_FALSE(rig.spool().may_hold_alone({}, kBehindAll)) << "all was told";
  }
  SpoolRig later(files, bucket, events, settings);
  EXPECT_EQ(later.spool().take_held_alone(kBehindAll).delivered, 0u);
}

TEST_F(SpoolAlone, what_the_filter_leaves_out_now_is_not_taken_for_lost) {
  SpoolRig rig(files, bucket, events, {.wanted = [](const RigEvent&) { return false; }});
  for (const RigEvent& event : events) rig.spool().skipped(event.place);
  ASSERT_TRUE(rig.run());
  const exporting::HeldAlone told = rig.spool().take_held_alone(kBehindAll);
  EXPECT_EQ(told.waiting + told.delivered, 0u);
}

// As events of other kinds: they lie between those of the destination, and are no part of the object.
TEST_F(SpoolAlone, what_the_same_selection_skips_is_none_of_an_objects_events) {
  for (const std::string selection : {"same", "other"}) {
    SCOPED_TRACE(selection);
    storage::FakeFileSystem disk(1);
    BucketFake mine;
    const auto first_of_entry = [](const RigEvent& event) { return event.place.event == 0; };
    {
      SpoolRig rig(disk, mine, events, {.selection = "same", .wanted = first_of_entry});
      for (int i = 0; i < 200 && rig.spool().sealed() < 3; ++i) rig.turn(true, false);
    }
    const auto before = sealed_in_spool(disk, SpoolRig::kFolder);
    ASSERT_EQ(before.size(), 3u);
    SpoolRig rig(disk, mine, events, {.selection = selection, .wanted = [&](const RigEvent& event) {
                                        return first_of_entry(event) && event.place != before[1].first;
                                      }});
    for (const RigEvent& event : events)
      if (!first_of_entry(event)) rig.spool().skipped(event.place);
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(rig.spool().take_held_alone(kBehindAll).delivered, selection == "same" ? 1u : 0u);
  }
}

TEST_F(SpoolAlone, events_of_an_object_that_another_selection_made_are_told_apart) {
  for (const std::string selection : {"same", "other"}) {
    SCOPED_TRACE(selection);
    storage::FakeFileSystem disk(1);
    BucketFake mine;
    {
      SpoolRig rig(disk, mine, events, {.selection = "same"});
      for (int i = 0; i < 200 && rig.spool().sealed() < 3; ++i) rig.turn(true, false);
    }
    const auto before = sealed_in_spool(disk, SpoolRig::kFolder);
    ASSERT_EQ(before.size(), 3u);
    // The journal has nothing of the object in the middle.
    SpoolRig rig(disk, mine, events, {.selection = selection, .wanted = [&](const RigEvent& event) {
                                        return event.place < before[1].first || before[1].last < event.place;
                                      }});
    ASSERT_TRUE(rig.run());
    const exporting::HeldAlone told = rig.spool().take_held_alone(kBehindAll);
    EXPECT_GT(told.delivered, 0u);
    EXPECT_EQ(told.of_other_selection, selection == "same" ? 0u : told.delivered);
  }
}

TEST_F(SpoolAlone, a_restart_that_reads_all_of_them_again_tells_none) {
  SpoolRig rig(files, bucket, events, {});
  ASSERT_TRUE(rig.run());
  const exporting::HeldAlone told = rig.spool().take_held_alone(kBehindAll);
  EXPECT_EQ(told.waiting + told.delivered, 0u);
}

}  // namespace
}  // namespace sluice::s3
