// Files of the data directory are their owner's alone, and the process leaves no core dump.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "server/private_files.h"
#include "server/process_guard.h"

namespace sluice::server {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777;
}

class PrivateFilesTest : public testing::Test {
 protected:
  PrivateFilesTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/journal/segments");
    for (const char* name : {"/journal/segments/1", "/catalog.db", "/flags.json", "/not-sluices.txt"})
      std::ofstream(folder_ + name) << "x";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_))
      ::chmod(entry.path().c_str(), entry.is_directory() ? 0755 : 0644);
    ::chmod(folder_.c_str(), 0755);
  }
  ~PrivateFilesTest() override { std::filesystem::remove_all(folder_); }
  const std::string folder_ = testing::TempDir() + "private-files";
};

TEST_F(PrivateFilesTest, what_is_wider_is_mended_and_what_is_not_sluices_is_left) {
  ASSERT_TRUE(keep_files_private(folder_));
  EXPECT_EQ(mode_of(folder_), 0700u);
  EXPECT_EQ(mode_of(folder_ + "/journal"), 0700u);
  EXPECT_EQ(mode_of(folder_ + "/journal/segments"), 0700u);
  for (const char* name : {"/journal/segments/1", "/catalog.db", "/flags.json"})
    EXPECT_EQ(mode_of(folder_ + name), 0600u) << name;
  EXPECT_EQ(mode_of(folder_ + "/not-sluices.txt"), 0644u);
}

TEST_F(PrivateFilesTest, what_cannot_be_mended_is_refused_with_its_name) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(9);
    const auto refused = keep_files_private(folder_);
    ::_exit(!refused && refused.error().message.find(folder_ + "/journal") != std::string::npos ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(PrivateFilesTest, a_link_is_not_followed) {
  const std::string outside = folder_ + "/not-sluices.txt";
  std::filesystem::create_symlink(outside, folder_ + "/cursors");
  ASSERT_TRUE(keep_files_private(folder_));
  EXPECT_EQ(mode_of(outside), 0644u);
}

TEST(ProcessGuard, leaves_no_core_dump_unless_told_and_makes_files_private) {
  const auto in_child = [](bool core_dumps) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::umask(0);
      guard_process(core_dumps);
      rlimit limit{};
      ::getrlimit(RLIMIT_CORE, &limit);
      const bool dumpable = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0;
      ::_exit((::umask(0) == 0077 ? 1 : 0) | (dumpable ? 2 : 0) | (limit.rlim_max == 0 ? 4 : 0));
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
  };
  EXPECT_EQ(in_child(false), 1 | 4);
  EXPECT_EQ(in_child(true) & 3, 1 | 2);
}

}  // namespace
}  // namespace sluice::server
