#include "export/sink_folder.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace sluice::exporting {
namespace {

TEST(SinkFolder, of_a_destination_that_is_deleted_leaves_nothing_behind) {
  const std::string data = testing::TempDir() + "sink-folder-test";
  std::filesystem::remove_all(data);
  const auto files = storage::make_posix_file_system();
  const std::string folder = sink_folder(data, *ObjectId::parse("610addeadbeefaa86ec9a7d4"), SinkFolder::delivery);
  ASSERT_TRUE(files->make_directory(folder));
  ASSERT_TRUE(files->open(folder + "/0000000001.object", true));
  remove_sink_folder(*files, folder);
  EXPECT_FALSE(std::filesystem::exists(folder));
  EXPECT_TRUE(std::filesystem::is_empty(data + "/spool"));
  remove_sink_folder(*files, folder);  // there is none: fine
  std::filesystem::remove_all(data);
}

}  // namespace
}  // namespace sluice::exporting
