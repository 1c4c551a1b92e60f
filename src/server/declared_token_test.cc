#include "server/declared_token.h"

#include <gtest/gtest.h>

#include "storage/file_system_fake.h"
#include "storage/whole_file.h"

namespace sluice::server {
namespace {

TEST(DeclaredToken, is_the_setting_or_one_of_its_own_that_stays) {
  storage::FakeFileSystem files(1);
  ASSERT_TRUE(files.make_directory("/data"));
  EXPECT_EQ(*declared_token(files, "/data", "a-token-of-the-owner"), "a-token-of-the-owner");
  const auto made = declared_token(files, "/data", "");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->substr(0, 4), "api-");
  EXPECT_EQ(made->size(), 44u);
  EXPECT_EQ(*declared_token(files, "/data", ""), *made);
}

TEST(DeclaredToken, an_empty_file_gets_a_new_one) {
  storage::FakeFileSystem files(1);
  ASSERT_TRUE(files.make_directory("/data"));
  ASSERT_TRUE(storage::replace_whole(files, "/data/admin-token", "\n"));
  EXPECT_EQ(declared_token(files, "/data", "")->size(), 44u);
}

TEST(DeclaredToken, opens_for_itself_alone) {
  const api::CallerLookup lookup = lookup_of("api-right");
  ASSERT_TRUE(lookup.by_token("api-right"));
  EXPECT_EQ(lookup.by_token("api-right")->role, api::Role::admin);
  EXPECT_FALSE(lookup.by_token("api-righ"));
  EXPECT_FALSE(lookup.by_token(""));
}

}  // namespace
}  // namespace sluice::server
