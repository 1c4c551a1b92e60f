#include "destinations/s3/spool.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "destinations/s3/spool_body.h"
#include "destinations/s3/spool_case_fake.h"

namespace sluice::s3 {
namespace {

using storage::FakeFileSystem;
using storage::FileFault;

TEST_F(SpoolTest, delivers_each_event_in_one_object_and_leaves_nothing_behind) {
  for (const Compression compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    FakeFileSystem disk(1);
    BucketFake mine;
    RigSettings settings;
    settings.compression = compression;
    SpoolRig rig(disk, mine, events, settings);
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(fault_of_delivery(mine, events, kAll), "");
    EXPECT_EQ(disk.paths(), std::vector<std::string>{"/data/cursors/d.cursor"});
    EXPECT_GT(mine.objects().size(), 3u);
    for (const auto& [key, object] : mine.objects()) EXPECT_TRUE(key.ends_with(extension_of(compression))) << key;
  }
}

TEST_F(SpoolTest, puts_an_event_into_the_hour_that_it_was_received_in) {
  RigSettings settings;
  settings.compression = Compression::none;
  SpoolRig rig(files, bucket, events, settings);
  ASSERT_TRUE(rig.run());
  std::map<std::string, std::size_t> by_hour;
  for (const auto& [key, object] : bucket.objects()) {
    const std::string hour = key.substr(key.find("/hour=") + 6, 2);
    for (const RigEvent& event : events) {
      if (object.bytes.find(event.record) == std::string::npos) continue;
      ++by_hour[hour];
      const std::int64_t of_day = event.received_ms / 3'600'000 % 24;
      // One that is late by less than a minute may lie in the hour after its own.
      if (std::to_string(of_day).ends_with(hour) || of_day == std::stoll(hour)) continue;
      EXPECT_EQ(of_day + 1, std::stoll(hour)) << event.record;
    }
  }
  EXPECT_EQ(by_hour.size(), 2u);
}

TEST_F(SpoolTest, seals_by_age_what_is_small) {
  events.resize(3);
  RigSettings settings;
  settings.roll = {.bytes = 1u << 20, .age_us = 300'000'000, .events = 1000};
  std::vector<RigEvent> more = events;
  more.push_back({{{events.back().place.entry.value + 64}, 0}, events.back().received_ms, "never put\n"});
  settings.wanted = [](const RigEvent& event) { return event.record != "never put\n"; };
  settings.puts_at_once = 3;
  SpoolRig rig(files, bucket, more, settings);
  rig.turn(true, false);
  EXPECT_EQ(rig.spool().open_events(), 3u);
  const std::int64_t due = rig.spool().step(rig.now_us());
  EXPECT_EQ(due, rig.now_us() + 300'000'000);
  rig.spool().step(due - 1);
  EXPECT_EQ(rig.spool().sealed(), 0u);
  rig.spool().step(due);
  EXPECT_EQ(rig.spool().sealed(), 1u);
}

TEST_F(SpoolTest, makes_a_large_event_an_object_of_its_own) {
  events[10].record = "{\"big\":\"" + std::string(2000, 'x') + "\"}\n";
  SpoolRig rig(files, bucket, events, {});
  ASSERT_TRUE(rig.run());
  EXPECT_EQ(fault_of_delivery(bucket, events, kAll), "");
}

TEST_F(SpoolTest, takes_no_more_than_a_few_objects_that_are_not_uploaded) {
  SpoolRig rig(files, bucket, events, {});
  for (int i = 0; i < 300; ++i) rig.turn(true, false);
  EXPECT_LE(rig.spool().sealed(), kMaxSealed + 1);
  EXPECT_FALSE(rig.spool().has_room());
  EXPECT_LE(spool_files().size(), 2 * (kMaxSealed + 1));
  ASSERT_TRUE(rig.run());
  EXPECT_EQ(fault_of_delivery(bucket, events, kAll), "");
}

TEST_F(SpoolTest, finishes_events_only_once_their_object_is_in_the_bucket) {
  SpoolRig rig(files, bucket, events, {});
  fill(rig, 2);
  EXPECT_EQ(rig.cursor(), 0u);
  rig.turn(false, true);
  EXPECT_GT(rig.cursor(), 0u);
}

TEST_F(SpoolTest, uploads_a_sealed_file_as_it_is_whatever_has_changed_since) {
  {
    SpoolRig rig(files, bucket, events, {});
    fill(rig, 2);
  }
  const std::string sealed = files.bytes(kFolder + "/0000000001.object");
  RigSettings changed;
  changed.compression = Compression::zstd;
  changed.revision = "2";
  changed.wanted = [](const RigEvent& event) { return event.place.event != 0; };
  changed.roll.bytes = 100;
  SpoolRig rig(files, bucket, events, changed);
  EXPECT_EQ(rig.spool().recovery().sealed, 2u);
  ASSERT_TRUE(rig.run());
  EXPECT_EQ(bucket.objects().begin()->second.bytes, sealed);
  EXPECT_EQ(fault_of_delivery(bucket, events, changed.wanted), "");
}

TEST_F(SpoolTest, uploads_what_lies_there_even_if_the_cursor_is_behind_it) {
  {
    SpoolRig rig(files, bucket, events, {});
    fill(rig, 1);
  }
  files.set_bytes("/data/cursors/d.cursor", "100");  // a person moved it, or the journal was replaced
  SpoolRig rig(files, bucket, events, {});
  ASSERT_TRUE(rig.run());
  EXPECT_EQ(lines_in(bucket).count(events[0].record), 1u);
  EXPECT_EQ(spool_files(), std::vector<std::string>());
}

TEST_F(SpoolTest, waits_for_room_on_the_disk_and_loses_nothing) {
  SpoolRig rig(files, bucket, events, {});
  files.set_capacity(files.used_bytes() + 400);
  for (int i = 0; i < 50; ++i) rig.turn(true, false);
  ASSERT_TRUE(rig.spool().problem());
  EXPECT_TRUE(rig.spool().problem()->no_space);
  EXPECT_FALSE(rig.spool().has_room());
  files.set_capacity(1ull << 30);
  ASSERT_TRUE(rig.run());
  EXPECT_FALSE(rig.spool().problem());
  EXPECT_EQ(fault_of_delivery(bucket, events, kAll), "");
}

// An object that cannot be finished waits for room, and the journal, which fills the disk, for the object.
TEST_F(SpoolTest, finishes_an_object_while_the_disk_has_room_for_its_end) {
  FakeFileSystem disk(1, 3u << 20);
  SpoolOptions options;
  options.roll.bytes = 1ull << 30;
  options.compression = Compression::none;
  options.name = [](std::int64_t, const EventPlace& first, const EventPlace&) {
    return ObjectName{"k-" + place_text(first) + ".ndjson", "1"};
  };
  options.wall_ms = [] { return std::int64_t{0}; };
  const auto spool = Spool::open(disk, kFolder, std::move(options), {{64}, 0});
  ASSERT_TRUE(spool);
  const std::string record(100'000, 'x');
  std::uint64_t place = 64;
  while ((*spool)->sealed() == 0) {
    ASSERT_TRUE((*spool)->has_room()) << (*spool)->problem()->message;
    (*spool)->put({{{place}, 0}, 0, place, record}, 1);
    place += 64;
  }
  EXPECT_FALSE((*spool)->problem());
  EXPECT_GT((*spool)->disk_bytes(), 1u << 20) << "not before it must";
}

TEST_F(SpoolTest, writes_again_what_the_disk_refused_and_does_not_trust_a_file_that_failed_to_sync) {
  for (std::uint64_t after = 0; after < 40; ++after) {
    for (const bool sync : {false, true}) {
      FakeFileSystem disk(after);
      BucketFake mine;
      SpoolRig rig(disk, mine, events, {});
      if (sync)
        disk.fail_sync(after, after % 2 == 0 ? FileFault::other : FileFault::no_space);
      else
        disk.fail_write(after, FileFault::other);
      ASSERT_TRUE(rig.run()) << after;
      EXPECT_EQ(fault_of_delivery(mine, events, kAll), "") << after;
    }
  }
}

TEST_F(SpoolTest, leaves_an_object_of_somebody_else_alone_and_keeps_its_own) {
  SpoolRig rig(files, bucket, events, {});
  fill(rig, 1);
  const std::string key = parse_manifest(files.bytes(kFolder + "/0000000001.json"))->key;
  bucket.objects()[key] = {"theirs", std::string(64, '0')};
  for (int i = 0; i < 20; ++i) rig.turn();
  EXPECT_EQ(rig.conflicts().at(0), key);
  EXPECT_EQ(bucket.objects().at(key).bytes, "theirs");
  EXPECT_EQ(rig.cursor(), 0u);
  bucket.objects().erase(key);
  ASSERT_TRUE(rig.run());
  EXPECT_EQ(fault_of_delivery(bucket, events, kAll), "");
}

TEST_F(SpoolTest, gives_an_object_another_key_durably) {
  std::string key;
  {
    SpoolRig rig(files, bucket, events, {});
    fill(rig, 1);
    ASSERT_TRUE(
        rig.spool().rename_object(1, "other/" + parse_manifest(files.bytes(kFolder + "/0000000001.json"))->key));
  }
  SpoolRig rig(files, bucket, events, {});
  ASSERT_TRUE(rig.run());
  EXPECT_TRUE(bucket.objects().rbegin()->first.starts_with("other/"));
  EXPECT_EQ(fault_of_delivery(bucket, events, kAll), "");
}

TEST_F(SpoolTest, body_says_when_the_file_is_shorter_than_sealed) {
  files.set_bytes("/f", "12345");
  const auto body = SpoolBody::open(files, "/f", 10);
  ASSERT_TRUE(body);
  char bytes[10];
  EXPECT_TRUE((*body)->read(0, bytes, 5));
  EXPECT_FALSE((*body)->read(0, bytes, 10));
  EXPECT_FALSE(SpoolBody::open(files, "/none", 10));
}

TEST(SpoolFolder, that_somebody_removes_while_it_is_used_is_made_again) {
  const std::string root = testing::TempDir() + "spool-folder-test", folder = root + "/d";
  std::filesystem::remove_all(root);
  const auto disk = storage::make_posix_file_system();
  const std::vector<RigEvent> three = rig_events(3, 1);
  const auto open = [&](const EventPlace& cursor) {
    SpoolOptions options;
    options.wall_ms = [] { return 1; };
    options.name = [](std::int64_t, const EventPlace& first, const EventPlace& last) {
      return ObjectName{place_text(first) + "-" + place_text(last) + ".ndjson.gz", "1"};
    };
    return std::move(*Spool::open(*disk, folder, std::move(options), cursor));
  };
  auto spool = open(three[0].place);
  const auto put = [&](std::size_t i) { spool->put({three[i].place, three[i].received_ms, i, three[i].record}, 1); };

  std::filesystem::remove_all(folder);
  put(0);
  EXPECT_FALSE(spool->problem()) << spool->problem()->message;
  spool->seal_now(1);
  const SealedObject* first = spool->next_upload();
  ASSERT_NE(first, nullptr);
  EXPECT_TRUE(spool->check(first->number));
  spool->uploaded(first->number);

  put(1);  // the folder goes together with a file that is being written
  std::filesystem::remove_all(folder);
  spool->seal_now(1);
  ASSERT_TRUE(spool->must_restart()) << "its events are read from the journal again";
  spool = open(three[1].place);
  put(1);
  put(2);
  spool->seal_now(1);
  const SealedObject* second = spool->next_upload();
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->manifest.events, 2u);
  EXPECT_TRUE(spool->check(second->number));
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace sluice::s3
