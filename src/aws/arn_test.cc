#include "aws/arn.h"

#include <gtest/gtest.h>

namespace sluice::aws {
namespace {

TEST(RoleArn, is_read_with_and_without_a_path) {
  const auto plain = parse_role_arn("arn:aws:iam::123456789012:role/sluice");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->role_path, "/");
  EXPECT_EQ(plain->role_name, "sluice");
  EXPECT_EQ(plain->text(), "arn:aws:iam::123456789012:role/sluice");
  const auto with_path = parse_role_arn("arn:aws-us-gov:iam::123456789012:role/team/data/sluice+export");
  ASSERT_TRUE(with_path);
  EXPECT_EQ(with_path->role_path, "/team/data/");
  EXPECT_EQ(with_path->role_name, "sluice+export");
  EXPECT_EQ(with_path->text(), "arn:aws-us-gov:iam::123456789012:role/team/data/sluice+export");
}

TEST(RoleArn, tells_what_is_wrong_with_it) {
  const std::pair<std::string, const char*> cases[] = {
      {"arn:aws:iam:eu-west-1:123456789012:role/x", "no region"},
      {"arn:aws:iam::123456789012:user/x", "'role/'"},
      {"arn:aws:iam::123456789012:role/", "name of the role"},
      {"arn:aws:iam::123456789012:role/a b", "name of the role"},
      {"arn:aws:iam::123456789012:role/a\nb/x", "path of the role"},
      {"arn:aws:sts::123456789012:assumed-role/x/y", "another service"},
      {"arn:aws:iam::12345678901a:role/x", "account of 12 digits"}};
  for (const auto& [text, why] : cases) {
    const auto arn = parse_role_arn(text);
    ASSERT_FALSE(arn) << text;
    EXPECT_NE(arn.error().message.find(why), std::string::npos) << arn.error().message;
    EXPECT_EQ(arn.error().message.find('\n'), std::string::npos);
  }
}

TEST(ExternalId, is_what_sts_takes) {
  EXPECT_TRUE(check_external_id("ab"));
  EXPECT_TRUE(check_external_id("aZ09_+=,.@:/-"));
  EXPECT_TRUE(check_external_id(std::string(1224, 'x')));
  EXPECT_FALSE(check_external_id("a"));
  EXPECT_FALSE(check_external_id(std::string(1225, 'x')));
  EXPECT_FALSE(check_external_id("a b"));
}

TEST(SessionName, is_made_fit_for_sts) {
  EXPECT_EQ(session_name_from("sluice-prod_1.a@b"), "sluice-prod_1.a@b");
  EXPECT_EQ(session_name_from("a b/c"), "a-b-c");
  EXPECT_EQ(session_name_from(""), "--");
  EXPECT_EQ(session_name_from(std::string(100, 'x')).size(), 64u);
}

}  // namespace
}  // namespace sluice::aws
