#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include "kinesim/client_fake.h"
#include "kinesim/config.h"

namespace kinesim {
namespace {

void expect_error(const Answer& answer, unsigned status, std::string_view code, std::string_view part) {
  EXPECT_EQ(answer.status, status) << answer.body;
  EXPECT_NE(answer.body.find(code), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find(part), std::string::npos) << answer.body;
}

TEST(Authentication, takes_what_is_signed_right_and_nothing_else) {
  World world;
  EXPECT_EQ(world.kinesis("PutRecords", put_records_body(3)).status, 200u);
  expect_error(world.kinesis("PutRecords", put_records_body(3), {kDemoAccessKey, "wrong", ""}), 400,
               "InvalidSignatureException", "does not match");
  expect_error(world.kinesis("PutRecords", put_records_body(3), {"AKIDUNKNOWN", "wrong", ""}), 400,
               "UnrecognizedClientException", "security token included in the request is invalid");
  expect_error(world.kinesis("PutRecords", put_records_body(3), {kDemoAccessKey, kDemoSecretKey, "a token"}), 400,
               "UnrecognizedClientException", "invalid");
  MapHeaders headers;
  headers.set("x-amz-target", "Kinesis_20131202.PutRecords");
  expect_error(world.plain("POST", "/", headers), 400, "MissingAuthenticationTokenException", "Missing");
}

TEST(Authentication, refuses_signatures_five_minutes_off) {
  World world;
  EXPECT_EQ(world.kinesis("ListStreams", "{}", {}, -299'000).status, 200u);
  EXPECT_EQ(world.kinesis("ListStreams", "{}", {}, 299'000).status, 200u);
  expect_error(world.kinesis("ListStreams", "{}", {}, -302'000), 400, "InvalidSignatureException",
               "Signature expired: ");
  expect_error(world.kinesis("ListStreams", "{}", {}, 302'000), 400, "InvalidSignatureException",
               "Signature not yet current: ");
}

TEST(Authentication, knows_sessions_until_they_end) {
  World world;
  const auto keys = world.assume();
  EXPECT_EQ(world.kinesis("PutRecords", put_records_body(1), keys).status, 200u);
  auto without_token = keys;
  without_token.token.clear();
  expect_error(world.kinesis("PutRecords", put_records_body(1), without_token), 400, "UnrecognizedClientException", "");
  world.clock.advance_us(3'601'000'000);
  expect_error(world.kinesis("PutRecords", put_records_body(1), keys), 400, "ExpiredTokenException", "is expired");
  EXPECT_EQ(world.kinesis("PutRecords", put_records_body(1), world.assume()).status, 200u);
}

TEST(Authentication, expires_and_forgets_sessions_on_request) {
  World world;
  const auto keys = world.assume();
  EXPECT_EQ(world.plain("POST", "/_kinesim/sessions/expire").status, 200u);
  expect_error(world.kinesis("ListShards", R"({"StreamName":"events"})", keys), 400, "ExpiredTokenException", "");
  const auto others = world.assume();
  EXPECT_EQ(world.plain("POST", "/_kinesim/sessions/forget").status, 200u);
  expect_error(world.kinesis("ListShards", R"({"StreamName":"events"})", others), 400, "UnrecognizedClientException",
               "");
}

TEST(Authentication, allows_what_a_role_may_do_and_says_aws_words_for_the_rest) {
  World world;
  const auto config = nlohmann::json::parse(R"({"roles":[{"arn":"arn:aws:iam::123456789012:role/writer",
      "permissions":[{"stream":"events","actions":["PutRecords"]}]}], "streams":[{"name":"other","shards":1}]})");
  ASSERT_TRUE(apply_config(config, world.shared.simulator).has_value());
  const auto keys = world.assume();
  EXPECT_EQ(world.kinesis("PutRecords", put_records_body(1), keys).status, 200u);
  expect_error(
      world.kinesis("ListShards", R"({"StreamName":"events"})", keys), 400, "AccessDeniedException",
      "User: arn:aws:sts::123456789012:assumed-role/writer/test is not authorized to perform: kinesis:ListShards on "
      "resource: arn:aws:kinesis:us-east-1:123456789012:stream/events because no identity-based policy allows the "
      "kinesis:ListShards action");
  expect_error(
      world.kinesis("PutRecords", R"({"StreamName":"other","Records":[{"Data":"","PartitionKey":"a"}]})", keys), 400,
      "AccessDeniedException", "stream/other");
}

TEST(Authentication, holds_a_session_to_its_policy) {
  World world;
  const auto keys = world.assume(
      "&Policy=%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22kinesis%3APutRecords%22%2C%"
      "22Resource%22"
      "%3A%22arn%3Aaws%3Akinesis%3A%2A%3A%2A%3Astream%2Fevents%22%7D%7D");
  EXPECT_EQ(world.kinesis("PutRecords", put_records_body(1), keys).status, 200u);
  expect_error(world.kinesis("DescribeStreamSummary", R"({"StreamName":"events"})", keys), 400, "AccessDeniedException",
               "because no session policy allows");
}

TEST(Policy, matches_patterns_and_lets_deny_win) {
  EXPECT_TRUE(matches_glob("kinesis:Put*", "kinesis:PutRecords", true));
  EXPECT_TRUE(matches_glob("KINESIS:putrecord?", "kinesis:PutRecords", true));
  EXPECT_FALSE(matches_glob("kinesis:Put", "kinesis:PutRecords", true));
  EXPECT_TRUE(matches_glob("*a*b*", "xxaxxbxx", false));
  const auto policy = parse_policy(R"({"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
                                      {"Effect":"Deny","Action":"kinesis:Delete*","Resource":"*"}]})");
  ASSERT_TRUE(policy.has_value());
  EXPECT_EQ(policy->judge("kinesis:PutRecords", "x"), Verdict::allowed);
  EXPECT_EQ(policy->judge("kinesis:DeleteStream", "x"), Verdict::denied);
  EXPECT_FALSE(parse_policy("{").has_value());
}

}  // namespace
}  // namespace kinesim
