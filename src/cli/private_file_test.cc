#include "cli/private_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace sluice::cli {
namespace {

class PrivateFile : public testing::Test {
 protected:
  PrivateFile() {
    std::string folder = testing::TempDir() + "private-file-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  ~PrivateFile() override { std::filesystem::remove_all(folder_); }
  std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  std::size_t files() {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }
  std::string folder_;
};

TEST_F(PrivateFile, is_for_its_owner_alone) {
  const std::string path = folder_ + "/sluice.toml";
  ASSERT_TRUE(write_private_file(path, "keys", Existing::keep));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(text_of(path), "keys");
  EXPECT_EQ(files(), 1u) << "nothing is left beside it";
}

TEST_F(PrivateFile, replaces_a_file_only_when_told_to) {
  const std::string path = folder_ + "/sluice.toml", link = folder_ + "/link.toml";
  ASSERT_TRUE(write_private_file(path, "old", Existing::keep));
  const auto refused = write_private_file(path, "new", Existing::keep);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, path + " is there already. Give another name, or --force to replace it.");
  EXPECT_EQ(text_of(path), "old");
  std::filesystem::create_symlink(path, link);
  ASSERT_TRUE(write_private_file(link, "new", Existing::replace));
  EXPECT_EQ(text_of(path), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(files(), 2u);
}

TEST_F(PrivateFile, says_why_it_cannot_be_written) {
  const auto refused = write_private_file(folder_ + "/nowhere/sluice.toml", "keys", Existing::keep);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("No such file or directory. Check the path"), std::string::npos);
  EXPECT_TRUE(write_private_file("/dev/null", "keys", Existing::keep)) << "what is no file is written to";
}

}  // namespace
}  // namespace sluice::cli
