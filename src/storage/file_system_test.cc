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

}  // namespace
}  // namespace sluice::storage
