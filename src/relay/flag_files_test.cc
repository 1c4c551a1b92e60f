#include "relay/flag_files.h"

#include <gtest/gtest.h>

#include "storage/file_system_fake.h"

namespace sluice::relay {
namespace {

class FlagFilesTest : public testing::Test {
 protected:
  FlagFilesTest() { EXPECT_TRUE(disk_.make_directory("/flags")); }
  storage::FakeFileSystem disk_{1};
};

TEST_F(FlagFilesTest, are_taken_when_their_text_differs) {
  disk_.set_bytes("/flags/a.json", R"({"flagValues":{"one":true}})");
  disk_.set_bytes("/flags/b.yaml", "flagValues:\n  two: 2\n");
  FlagFiles files("/flags", {"a.json", "b.yaml"}, disk_);
  const auto first = files.look(1'000);
  ASSERT_TRUE(first && *first) << (*first).error().message;
  EXPECT_EQ((**first)->flag_count, 2u);
  EXPECT_FALSE(files.look(2'000)) << "nothing changed";
  disk_.set_bytes("/flags/b.yaml", "flagValues:\n  two: 3\n");
  const auto second = files.look(3'000);
  ASSERT_TRUE(second && *second);
  EXPECT_GT(find_item((**second)->flags, "two")->version, find_item((**first)->flags, "two")->version);
  EXPECT_EQ(find_item((**second)->flags, "one"), find_item((**first)->flags, "one"));
}

TEST_F(FlagFilesTest, that_cannot_be_read_say_so_once) {
  FlagFiles files("/flags", {"a.json"}, disk_);
  auto found = files.look(1'000);
  ASSERT_TRUE(found);
  ASSERT_FALSE(*found);
  EXPECT_NE(found->error().message.find("/flags/a.json is not there"), std::string::npos) << found->error().message;
  EXPECT_FALSE(files.look(2'000));
  disk_.set_bytes("/flags/a.json", "{\"flags\":");
  found = files.look(3'000);
  ASSERT_TRUE(found && !*found);
  EXPECT_NE(found->error().message.find("/flags/a.json"), std::string::npos) << found->error().message;
  EXPECT_FALSE(files.look(4'000));
  disk_.set_bytes("/flags/a.json", "{}");
  found = files.look(5'000);
  ASSERT_TRUE(found && *found);
  disk_.set_bytes("/flags/a.json", std::string(kMaxDataFileBytes + 1, ' '));
  found = files.look(6'000);
  ASSERT_TRUE(found && !*found);
  EXPECT_NE(found->error().message.find("at most 16.0 MiB"), std::string::npos) << found->error().message;
}

}  // namespace
}  // namespace sluice::relay
