#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "kinesim/client_fake.h"
#include "kinesim/config.h"

namespace kinesim {
namespace {

const std::string kAssume = "Action=AssumeRole&RoleArn=" + std::string(World::kRole) + "&RoleSessionName=test";
const std::string kWithId = kAssume + "&ExternalId=" + World::kExternalId;

void expect_sts_error(const Answer& answer, unsigned status, std::string_view code, std::string_view part) {
  EXPECT_EQ(answer.status, status) << answer.body;
  EXPECT_EQ(between(answer.body, "Code"), code);
  EXPECT_NE(between(answer.body, "Message").find(part), std::string::npos) << answer.body;
}

TEST(Sts, gives_a_session_only_with_the_external_id) {
  World world;
  EXPECT_EQ(between(world.sts(kWithId).body, "AccessKeyId").substr(0, 4), "ASIA");
  expect_sts_error(
      world.sts(kAssume), 403, "AccessDenied",
      "User: arn:aws:iam::123456789012:user/kinesim-demo is not authorized to perform: sts:AssumeRole on resource: "
      "arn:aws:iam::123456789012:role/writer");
  expect_sts_error(world.sts(kAssume + "&ExternalId=another"), 403, "AccessDenied", "");
  expect_sts_error(world.sts("Action=AssumeRole&RoleArn=arn:aws:iam::123456789012:role/none&RoleSessionName=test"), 403,
                   "AccessDenied", "role/none");
}

TEST(Sts, gives_a_session_only_to_those_whom_the_role_trusts) {
  World world;
  const auto config = nlohmann::json::parse(R"({"roles":[{"arn":"arn:aws:iam::123456789012:role/writer",
      "trusted":["arn:aws:iam::123456789012:user/other"]}], "identities":[{"access_key":"AKIDOTHER","secret_key":"s",
      "arn":"arn:aws:iam::123456789012:user/other"}]})");
  ASSERT_TRUE(apply_config(config, world.shared.simulator).has_value());
  expect_sts_error(world.sts(kAssume), 403, "AccessDenied", "");
  EXPECT_EQ(world.sts(kAssume, {"AKIDOTHER", "s", ""}).status, 200u);
}

TEST(Sts, holds_durations_and_caps_chained_roles_at_an_hour) {
  World world;
  expect_sts_error(world.sts(kWithId + "&DurationSeconds=899"), 400, "ValidationError", "greater than or equal to 900");
  expect_sts_error(world.sts(kWithId + "&DurationSeconds=7200"), 400, "ValidationError", "MaxSessionDuration");
  const auto session = world.assume();
  EXPECT_EQ(world.sts(kWithId + "&DurationSeconds=3600", session).status, 200u);
  expect_sts_error(world.sts(kWithId + "&DurationSeconds=3601", session), 400, "ValidationError",
                   "exceeds the 1 hour session limit for roles assumed by role chaining");
}

TEST(Sts, refuses_what_is_malformed_as_aws_does) {
  World world;
  expect_sts_error(world.sts(kWithId + "&Policy=" + std::string(2049, 'x')), 400, "ValidationError", "2048");
  expect_sts_error(world.sts(kWithId + "&Policy=x"), 400, "MalformedPolicyDocument", "");
  expect_sts_error(world.sts("Action=AssumeRole&RoleSessionName=test"), 400, "ValidationError", "roleArn");
  expect_sts_error(world.sts("Action=Nothing"), 400, "InvalidAction", "Nothing");
  expect_sts_error(world.sts(kWithId, {"AKIDUNKNOWN", "s", ""}), 403, "InvalidClientTokenId", "invalid");
  expect_sts_error(world.sts(kWithId, {kDemoAccessKey, "s", ""}), 403, "SignatureDoesNotMatch", "");
}

TEST(Sts, tells_who_calls) {
  World world;
  EXPECT_EQ(between(world.sts("Action=GetCallerIdentity").body, "Arn"), "arn:aws:iam::123456789012:user/kinesim-demo");
  EXPECT_EQ(between(world.sts("Action=GetCallerIdentity", world.assume()).body, "Arn"),
            "arn:aws:sts::123456789012:assumed-role/writer/test");
}

TEST(Sts, issues_short_sessions_when_told_to) {
  World world;
  world.shared.simulator.directory().set_session_lifetime_ms(2000);
  const auto keys = world.assume();
  EXPECT_EQ(world.kinesis("ListStreams", "{}", keys).status, 200u);
  world.clock.advance_us(2'001'000);
  EXPECT_NE(world.kinesis("ListStreams", "{}", keys).body.find("ExpiredTokenException"), std::string::npos);
}

TEST(Sts, takes_web_identities_that_the_role_trusts) {
  World world;
  const auto config = nlohmann::json::parse(R"({"roles":[{"arn":"arn:aws:iam::123456789012:role/irsa",
      "web_identity":{"subject":"system:serviceaccount:default:sluice","audience":"sts.amazonaws.com"}}]})");
  ASSERT_TRUE(apply_config(config, world.shared.simulator).has_value());
  const auto call = [&](const std::string& claims) {
    std::string token = "e30.";
    sluice::base64_append(token, claims);
    MapHeaders headers;
    headers.set("content-type", "application/x-www-form-urlencoded");
    std::string encoded;
    for (const char c : token + ".c2ln")
      encoded += c == '+' ? std::string("%2B") : c == '=' ? "%3D" : std::string(1, c);
    return world.plain(
        "POST", "/", headers,
        "Action=AssumeRoleWithWebIdentity&RoleArn=arn:aws:iam::123456789012:role/irsa&RoleSessionName=pod"
        "&WebIdentityToken=" +
            encoded);
  };
  EXPECT_EQ(
      call(R"({"sub":"system:serviceaccount:default:sluice","aud":["sts.amazonaws.com"],"exp":1700000100})").status,
      200u);
  expect_sts_error(call(R"({"sub":"another","aud":"sts.amazonaws.com"})"), 403, "AccessDenied", "Web");
  expect_sts_error(call(R"({"sub":"system:serviceaccount:default:sluice","aud":"sts.amazonaws.com","exp":1600000000})"),
                   400, "ExpiredTokenException", "expired");
  MapHeaders headers;
  headers.set("content-type", "application/x-www-form-urlencoded");
  expect_sts_error(
      world.plain("POST", "/", headers,
                  "Action=AssumeRoleWithWebIdentity&RoleArn=arn:aws:iam::123456789012:role/irsa&RoleSessionName=pod"
                  "&WebIdentityToken=opaque"),
      400, "InvalidIdentityToken", "");
}

SimulatorSettings with_instance() {
  SimulatorSettings settings;
  settings.instance_role = settings.container_role = World::kRole;
  settings.container_token = "the token";
  return settings;
}

TEST(Metadata, gives_credentials_against_a_token_only) {
  World world(with_instance());
  const std::string path = "/latest/meta-data/iam/security-credentials/";
  EXPECT_EQ(world.plain("GET", path).status, 401u);
  MapHeaders ttl;
  ttl.set("x-aws-ec2-metadata-token-ttl-seconds", "60");
  MapHeaders token;
  token.set("x-aws-ec2-metadata-token", world.plain("PUT", "/latest/api/token", ttl).body);
  EXPECT_EQ(world.plain("GET", path, token).body, "writer");
  const auto json = nlohmann::json::parse(world.plain("GET", path + "writer", token).body);
  EXPECT_EQ(json["Code"], "Success");
  const World::Keys keys{json["AccessKeyId"], json["SecretAccessKey"], json["Token"]};
  EXPECT_EQ(world.kinesis("PutRecords", put_records_body(1), keys).status, 200u);
  world.clock.advance_us(61'000'000);
  EXPECT_EQ(world.plain("GET", path, token).status, 401u);
  ttl.set("x-aws-ec2-metadata-token-ttl-seconds", "21601");
  EXPECT_EQ(world.plain("PUT", "/latest/api/token", ttl).status, 400u);
}

TEST(Metadata, gives_containers_credentials_against_their_authorization) {
  World world(with_instance());
  EXPECT_EQ(world.plain("GET", "/v1/credentials").status, 401u);
  MapHeaders headers;
  headers.set("authorization", "the token");
  const auto json = nlohmann::json::parse(world.plain("GET", "/v1/credentials", headers).body);
  EXPECT_EQ(json["RoleArn"], World::kRole);
  const World::Keys keys{json["AccessKeyId"], json["SecretAccessKey"], json["Token"]};
  EXPECT_EQ(world.kinesis("ListStreams", "{}", keys).status, 200u);
}

}  // namespace
}  // namespace kinesim
