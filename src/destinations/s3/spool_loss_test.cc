// Files of the spool that are lost, rotten or changed: their events are read again, and are in one object all the same.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "destinations/s3/spool_case_fake.h"

namespace sluice::s3 {
namespace {

using storage::FakeFileSystem;

TEST_F(SpoolTest, builds_a_lost_file_again_under_the_same_key) {
  {
    SpoolRig rig(files, bucket, events, {});
    fill(rig, 2);
  }
  ASSERT_TRUE(files.remove(kFolder + "/0000000001.object"));
  RigSettings changed;
  changed.compression = Compression::zstd;  // the lost object stays what its name says
  SpoolRig rig(files, bucket, events, changed);
  EXPECT_EQ(rig.spool().recovery().lost, 1u);
  ASSERT_TRUE(rig.run());
  EXPECT_EQ(fault_of_delivery(bucket, events, kAll), "");
  EXPECT_EQ(rig.restarts(), 0u);
  std::vector<RebuiltObject> rebuilt;
  rig.spool().take_rebuilt(rebuilt);
  EXPECT_TRUE(rebuilt.empty()) << "it has the events that it had";
}

TEST_F(SpoolTest, tells_how_many_events_a_lost_file_has_when_the_filter_selects_others_now) {
  for (const bool selects_some : {true, false}) {
    FakeFileSystem disk(1);
    BucketFake mine;
    {
      SpoolRig rig(disk, mine, events, {});
      fill(rig, 1);
    }
    const Manifest manifest = *parse_manifest(disk.bytes(kFolder + "/0000000001.json"));
    ASSERT_TRUE(disk.remove(kFolder + "/0000000001.object"));
    RigSettings changed;
    changed.wanted = [&](const RigEvent& event) {
      return event.place > manifest.last || (selects_some && event.place.event == 0);
    };
    const auto now_selected = std::count_if(events.begin(), events.end(), [&](const RigEvent& event) {
      return manifest.holds(event.place) && changed.wanted(event);
    });
    SpoolRig rig(disk, mine, events, changed);
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(fault_of_delivery(mine, events, changed.wanted), "");
    std::vector<RebuiltObject> rebuilt;
    rig.spool().take_rebuilt(rebuilt);
    ASSERT_EQ(rebuilt.size(), 1u);
    EXPECT_EQ(rebuilt[0].key, manifest.key);
    EXPECT_EQ(rebuilt[0].sealed_events, manifest.events);
    EXPECT_EQ(rebuilt[0].events, static_cast<std::uint64_t>(now_selected));
    EXPECT_EQ(selects_some, now_selected > 0);
  }
}

TEST_F(SpoolTest, finds_a_lost_file_that_had_been_uploaded_although_it_is_built_with_other_bytes) {
  {
    SpoolRig rig(files, bucket, events, {});
    fill(rig, 2);
    for (const char* number : {"1", "2"}) {
      const std::string name = std::string("/000000000") + number;
      const Manifest manifest = *parse_manifest(files.bytes(kFolder + name + ".json"));
      bucket.put(manifest.key, files.bytes(kFolder + name + ".object"), manifest.sha256_hex, true);
    }
  }
  const auto uploaded = bucket.objects();
  ASSERT_TRUE(files.remove(kFolder + "/0000000001.object"));
  ASSERT_TRUE(files.remove(kFolder + "/0000000002.object"));
  RigSettings changed;
  changed.wanted = [](const RigEvent& event) { return event.place.event != 1; };
  SpoolRig rig(files, bucket, events, changed);
  ASSERT_TRUE(rig.run());
  EXPECT_EQ(rig.conflicts(), std::vector<std::string>());
  EXPECT_EQ(fault_of_delivery(bucket, events, changed.wanted), "");
  for (const auto& [key, object] : uploaded) EXPECT_EQ(bucket.objects().at(key).bytes, object.bytes);
}

TEST_F(SpoolTest, rebuilds_what_rotted_on_the_disk) {
  {
    SpoolRig rig(files, bucket, events, {});
    fill(rig, 2);
  }
  files.flip(kFolder + "/0000000002.object", 20, 1);
  SpoolRig rig(files, bucket, events, {});
  ASSERT_TRUE(rig.run());
  EXPECT_EQ(fault_of_delivery(bucket, events, kAll), "");
}

TEST_F(SpoolTest, starts_again_from_the_cursor_when_a_file_rots_while_it_waits) {
  SpoolRig rig(files, bucket, events, {});
  fill(rig, 2);
  files.flip(kFolder + "/0000000001.object", 20, 1);
  ASSERT_TRUE(rig.run());
  EXPECT_EQ(rig.restarts(), 1u);
  EXPECT_EQ(fault_of_delivery(bucket, events, kAll), "");
}

TEST_F(SpoolTest, forgets_a_lost_file_of_which_no_event_is_wanted_any_more) {
  {
    SpoolRig rig(files, bucket, events, {});
    fill(rig, 1);
  }
  const Manifest manifest = *parse_manifest(files.bytes(kFolder + "/0000000001.json"));
  ASSERT_TRUE(files.remove(kFolder + "/0000000001.object"));
  RigSettings changed;
  changed.wanted = [last = manifest.last](const RigEvent& event) { return event.place > last; };
  SpoolRig rig(files, bucket, events, changed);
  ASSERT_TRUE(rig.run());
  EXPECT_EQ(fault_of_delivery(bucket, events, changed.wanted), "");
  EXPECT_EQ(spool_files(), std::vector<std::string>());
}

TEST_F(SpoolTest, drops_a_manifest_without_its_file_once_the_cursor_is_behind_it) {
  {
    SpoolRig rig(files, bucket, events, {});
    fill(rig, 1);
  }
  const std::string manifest = files.bytes(kFolder + "/0000000001.json");
  {
    SpoolRig rig(files, bucket, events, {});
    ASSERT_TRUE(rig.run());
  }
  files.set_bytes(kFolder + "/0000000001.json", manifest);
  SpoolRig rig(files, bucket, events, {});
  EXPECT_EQ(rig.spool().recovery().lost, 0u) << "it was delivered";
  EXPECT_EQ(spool_files(), std::vector<std::string>());
}

TEST_F(SpoolTest, sets_a_damaged_manifest_aside_and_reads_its_events_again) {
  {
    SpoolRig rig(files, bucket, events, {});
    fill(rig, 2);
  }
  files.set_bytes(kFolder + "/0000000001.json", "{\"format\":1");
  SpoolRig rig(files, bucket, events, {});
  ASSERT_EQ(rig.spool().recovery().damaged.size(), 1u);
  EXPECT_NE(rig.spool().recovery().damaged[0].find("0000000001.json"), std::string::npos);
  ASSERT_TRUE(rig.run());
  EXPECT_EQ(fault_of_delivery(bucket, events, kAll), "");
  EXPECT_EQ(spool_files(), (std::vector<std::string>{"0000000001.json.damaged", "0000000001.object.damaged"}));
}

TEST_F(SpoolTest, loses_no_event_to_a_manifest_whose_last_place_was_changed) {
  for (const int format : {1, 2}) {
    FakeFileSystem disk(1);
    BucketFake mine;
    {
      SpoolRig rig(disk, mine, events, {});
      fill(rig, 1);
    }
    const std::string path = kFolder + "/0000000001.json";
    auto json = nlohmann::json::parse(disk.bytes(path));
    json["last"] = {{"entry", fmt::format("{:016x}", events.back().place.entry.value)}, {"event", 0}};
    if (format == 1) {
      json["format"] = 1;
      json.erase("crc32c");
    }
    disk.set_bytes(path, json.dump());
    SpoolRig rig(disk, mine, events, {});
    EXPECT_EQ(rig.spool().recovery().damaged.size(), 1u);
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(fault_of_delivery(mine, events, kAll), "") << "format " << format;
  }
}

TEST_F(SpoolTest, uploads_what_was_sealed_before_manifests_had_a_checksum) {
  {
    SpoolRig rig(files, bucket, events, {});
    fill(rig, 2);
  }
  for (const char* name : {"/0000000001.json", "/0000000002.json"}) {
    auto json = nlohmann::json::parse(files.bytes(kFolder + name));
    json["format"] = 1;
    json.erase("crc32c");
    files.set_bytes(kFolder + name, json.dump());
  }
  SpoolRig rig(files, bucket, events, {});
  EXPECT_EQ(rig.spool().recovery().sealed, 2u);
  ASSERT_TRUE(rig.run());
  EXPECT_EQ(fault_of_delivery(bucket, events, kAll), "");
}

TEST_F(SpoolTest, tells_of_a_sealed_file_whose_manifest_is_missing) {
  {
    SpoolRig rig(files, bucket, events, {});
    fill(rig, 2);
  }
  ASSERT_TRUE(files.remove(kFolder + "/0000000001.json"));
  SpoolRig rig(files, bucket, events, {});
  ASSERT_EQ(rig.spool().recovery().damaged.size(), 1u);
  EXPECT_NE(rig.spool().recovery().damaged[0].find("0000000001.object: its manifest is missing"), std::string::npos);
  ASSERT_TRUE(rig.run());
  EXPECT_EQ(fault_of_delivery(bucket, events, kAll), "");
}

TEST_F(SpoolTest, does_not_trust_two_manifests_of_the_same_events) {
  {
    SpoolRig rig(files, bucket, events, {});
    fill(rig, 1);
  }
  files.set_bytes(kFolder + "/0000000007.json", files.bytes(kFolder + "/0000000001.json"));
  SpoolRig rig(files, bucket, events, {});
  ASSERT_FALSE(rig.spool().recovery().damaged.empty());
  EXPECT_NE(rig.spool().recovery().damaged[0].find("0000000007.json"), std::string::npos);
  ASSERT_TRUE(rig.run());
  EXPECT_EQ(fault_of_delivery(bucket, events, kAll), "");
}

}  // namespace
}  // namespace sluice::s3
