#include "aws/arn.h"

#include <gtest/gtest.h>

namespace sluice::aws {
namespace {

TEST(StreamArn, is_read_and_written) {
  const auto arn = parse_stream_arn("arn:aws-cn:kinesis:cn-north-1:123456789012:stream/flag_events.v1-x");
  ASSERT_TRUE(arn);
  EXPECT_EQ(arn->partition, "aws-cn");
  EXPECT_EQ(arn->region, "cn-north-1");
  EXPECT_EQ(arn->account, "123456789012");
  EXPECT_EQ(arn->stream_name, "flag_events.v1-x");
  EXPECT_EQ(arn->text(), "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/flag_events.v1-x");
}

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

TEST(StreamArn, tells_what_is_wrong_with_it) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "six parts"},
      {"flag-events", "six parts"},
      {"ern:aws:kinesis:eu-west-1:123456789012:stream/x", "six parts"},
      {"arn:ibm:kinesis:eu-west-1:123456789012:stream/x", "partitions"},
      {"arn:aws:firehose:eu-west-1:123456789012:stream/x", "another service"},
      {"arn:aws:kinesis:eu-west-1:1234:stream/x", "account of 12 digits"},
      {"arn:aws:kinesis::123456789012:stream/x", "region"},
      {"arn:aws:kinesis:cn-north-1:123456789012:stream/x", "region"},
      {"arn:aws:kinesis:eu-west-1:123456789012:x", "'stream/'"},
      {"arn:aws:kinesis:eu-west-1:123456789012:stream/", "name of the stream"},
      {"arn:aws:kinesis:eu-west-1:123456789012:stream/a b", "name of the stream"},
      {"arn:aws:kinesis:eu-west-1:123456789012:stream/x/consumer/y:1", "name of the stream"},
      {"arn:aws:kinesis:eu-west-1:123456789012:stream/" + std::string(129, 'x'), "name of the stream"},
      {"arn:aws:kinesis:eu-west-1:123456789012:stream/" + std::string(3000, 'x'), "2,048"}};
  for (const auto& [text, why] : cases) {
    const auto arn = parse_stream_arn(text);
    ASSERT_FALSE(arn) << text;
    EXPECT_NE(arn.error().message.find(why), std::string::npos) << arn.error().message;
    EXPECT_NE(arn.error().message.find("Expected the form arn:aws:kinesis:"), std::string::npos);
    EXPECT_LT(arn.error().message.size(), 600u);
  }
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
