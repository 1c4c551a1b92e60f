#include "storage/file_system.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace sluice::storage {
namespace {

// The journal makes a segment of a spare file, and a person looks for the file that an error names.
TEST(PosixFileSystem, an_error_names_the_file_as_it_is_called_now) {
  const auto files = make_posix_file_system();
  const std::string folder = testing::TempDir() + "file-system-test";
  ASSERT_TRUE(files->make_directory(folder));
  auto file = files->open(folder + "/before", true);
  ASSERT_TRUE(file);
  ASSERT_TRUE(files->rename(folder + "/before", folder + "/after"));
  (*file)->renamed(folder + "/after");
  char byte = 0;
  const auto read = (*file)->read_at(UINT64_MAX, &byte, 1);  // no such place: the system refuses
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find(folder + "/after"), std::string::npos) << read.error().message;
  ASSERT_TRUE(files->remove(folder + "/after"));
}

TEST(PosixFileSystem, an_error_says_what_a_person_can_do) {
  const auto files = make_posix_file_system();
  const std::string folder = testing::TempDir() + "file-system-test-remedies";
  ASSERT_TRUE(files->make_directory(folder + "/a-directory"));
  const auto opened = files->open(folder + "/a-directory", false);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().fault, FileFault::wrong_type);
  EXPECT_NE(explained(opened.error(), folder).find("Is a directory. Something else has this name"), std::string::npos);
  const auto held = files->lock(folder + "/lock");
  ASSERT_TRUE(held);
  const auto second = files->lock(folder + "/lock");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault, FileFault::locked);
  for (const FileFault fault : {FileFault::no_space, FileFault::not_found, FileFault::denied, FileFault::read_only,
                                FileFault::wrong_type, FileFault::no_descriptor, FileFault::locked, FileFault::other}) {
    const std::string remedy = remedy_of({fault, "cannot open /data/x: reason"}, "/data");
    EXPECT_TRUE(remedy.ends_with('.')) << remedy;
    EXPECT_EQ(explained({fault, "cannot open /data/x: reason"}, "/data"), "cannot open /data/x: reason. " + remedy);
  }
  EXPECT_NE(remedy_of({FileFault::denied, ""}, "/data").find(" /data && chmod -R u=rwX,go= /data`"), std::string::npos);
}

}  // namespace
}  // namespace sluice::storage
