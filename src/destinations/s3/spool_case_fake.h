// What a test of the spool starts with: an empty disk, an empty bucket, 120 events, and looks at the spool's folder.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "destinations/s3/spool_rig_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::s3 {

struct SpoolTest : testing::Test {
  static inline const std::string kFolder = SpoolRig::kFolder;
  static constexpr auto kAll = [](const RigEvent&) { return true; };  // events that are wanted

  storage::FakeFileSystem files{1};
  BucketFake bucket;
  std::vector<RigEvent> events = rig_events(120, 1);

  std::vector<std::string> spool_files() const {
    std::vector<std::string> out;
    for (const std::string& path : files.paths())
      if (path.starts_with(kFolder + "/")) out.push_back(path.substr(kFolder.size() + 1));
    return out;
  }
  std::string only_object_file() const {
    for (const std::string& path : files.paths())
      if (path.ends_with(".object")) return path;
    return "";
  }
  // Runs until so many objects are sealed, and uploads none of them.
  static void fill(SpoolRig& rig, std::size_t sealed) {
    for (int i = 0; i < 200 && rig.spool().sealed() < sealed; ++i) rig.turn(true, false);
    ASSERT_EQ(rig.spool().sealed(), sealed);
  }
};

}  // namespace sluice::s3
