#include "destinations/s3/problems.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "destinations/s3/policies.h"

namespace sluice::s3 {
namespace {

using exporting::Problem;

DestinationFacts problem_facts() {
  return {.bucket = "acme-flags",
          .prefix = "exports",
          .region = "us-east-1",
          .endpoint = "https://s3.us-east-1.amazonaws.com",
          .role_arn = "arn:aws:iam::123456789012:role/sluice",
          .kms_key_id = "arn:aws:kms:us-east-1:123456789012:key/1",
          .storage_class = "CHEAP",
          .expected_owner = "123456789012"};
}

struct Row {
  int status;
  const char* code;
  const char* words;  // S3's
  Asked asked;
  Problem::Weight weight;
  const char* message;  // a part of it
  const char* remedy;
};

TEST(Problems, say_what_happened_with_the_users_values_and_what_to_do) {
  constexpr auto kSetup = Problem::Weight::setup, kPassing = Problem::Weight::transient;
  const std::vector<Row> rows = {
      {404, "NoSuchBucket", "The specified bucket does not exist", Asked::put, kSetup, "no bucket acme-flags",
       "Create the bucket in us-east-1"},
      {403, "AccessDenied", "is not authorized to perform: s3:PutObject", Asked::put, kSetup,
       "Role arn:aws:iam::123456789012:role/sluice may not put objects into bucket acme-flags under exports/",
       "\"arn:aws:s3:::acme-flags/exports/*\""},
      {403, "AccessDenied", "Access Denied", Asked::put, kSetup, "may not put",
       "does not belong to account 123456789012"},
      {403, "AccessDenied", "is not authorized to perform: kms:GenerateDataKey", Asked::put, kSetup,
       "may not encrypt objects with key arn:aws:kms:us-east-1:123456789012:key/1", "kms:GenerateDataKey"},
      {403, "AccessDenied", "", Asked::head, kSetup, "may not look at an object", "Add s3:GetObject"},
      {400, "KMS.DisabledException", "x is disabled.", Asked::put, kSetup, "key/1 is disabled", "Enable the key"},
      {400, "KMS.NotFoundException", "", Asked::put, kSetup, "does not exist in the bucket's region", "another key"},
      {400, "KMS.KMSInvalidStateException", "x is pending deletion.", Asked::put, kSetup, "cannot be used", "deletion"},
      {501, "NotImplemented", "A header you provided implies functionality that is not implemented", Asked::put, kSetup,
       "does not know If-None-Match", "if_none_match to off"},
      {400, "InvalidStorageClass", "", Asked::put, kSetup, "no storage class CHEAP", "storage class"},
      {400, "InvalidRequest", "required for Put Object requests with Object Lock parameters", Asked::put, kSetup,
       "has Object Lock", "x-amz- headers"},
      {
          400,
          "InvalidRequest",
          "Missing required header",
          Asked::put,
          kSetup,
          "refuses to store",
          "Nothing is discarded",
      },
      {302, "http_302", "", Asked::put, kSetup, "answers with a redirect (HTTP 302)", "endpoint"},
      {413, "http_413", "<html>", Asked::put, kSetup, "refuses to store", "client_max_body_size"},
      {403, "SignatureDoesNotMatch", "", Asked::put, kSetup, "refuses the credentials of role", "access key"},
      {403, "RequestTimeTooSkewed", "", Asked::put, kSetup, "too far from its own", "NTP"},
      {400, "BadDigest", "", Asked::put, kPassing, "other bytes", "uploaded again"},
      {503, "SlowDown", "Please reduce your request rate.", Asked::put, kPassing, "asks to slow down",
       "keeps retrying"},
      {400, "KMS.ThrottlingException", "", Asked::put, kPassing, "KMS throttles", "quota"},
      {500, "InternalError", "", Asked::put, kPassing, "InternalError (HTTP 500)", "status page"},
  };
  for (const Row& row : rows) {
    ObjectAnswer answer;
    answer.status = row.status;
    answer.code = row.code;
    answer.message = row.words;
    answer.request_id = "4442587FB7D0A2F9";
    const Problem problem = problem_of_answer(answer, row.asked, problem_facts());
    EXPECT_EQ(problem.code, row.code);
    EXPECT_EQ(static_cast<int>(problem.weight), static_cast<int>(row.weight)) << row.code;
    EXPECT_NE(problem.message.find(row.message), std::string::npos) << problem.message;
    EXPECT_NE((problem.message + problem.remedy).find(row.remedy), std::string::npos) << problem.remedy;
    EXPECT_EQ(problem.request_id, "4442587FB7D0A2F9");
    EXPECT_FALSE(problem.remedy.empty()) << row.code;
  }
}

TEST(Problems, name_the_region_that_the_bucket_is_in) {
  ObjectAnswer answer;
  answer.status = 301;
  answer.code = "PermanentRedirect";
  answer.region = "eu-west-1";
  Problem problem = problem_of_answer(answer, Asked::put, problem_facts());
  EXPECT_EQ(problem.message, "Bucket acme-flags is in eu-west-1, not in us-east-1.");
  EXPECT_EQ(problem.remedy, "Set the destination's region to eu-west-1.");
  answer.region.clear();
  answer.endpoint = "acme-flags.s3.eu-west-1.amazonaws.com";
  problem = problem_of_answer(answer, Asked::put, problem_facts());
  EXPECT_NE(problem.remedy.find("S3 names acme-flags.s3.eu-west-1.amazonaws.com"), std::string::npos);
}

TEST(Problems, of_the_way_to_s3_and_of_proxies_are_told_apart) {
  ObjectAnswer answer;
  answer.fault = http_client::TransportFault::connect;
  answer.code = "cannot_connect";
  answer.message = "connection refused";
  EXPECT_NE(problem_of_answer(answer, Asked::put, problem_facts()).message.find("cannot reach https://s3.us-east-1"),
            std::string::npos);
  answer.fault = http_client::TransportFault::proxy;
  answer.code = "proxy_credentials";
  answer.status = 407;
  EXPECT_NE(problem_of_answer(answer, Asked::put, problem_facts()).message.find("The proxy in front of"),
            std::string::npos);
}

TEST(Problems, name_what_answers_in_place_of_s3) {
  ObjectAnswer answer;
  answer.status = 502;
  answer.code = "http_502";
  answer.message = "<html>Bad gateway</html>";
  const Problem problem = problem_of_answer(answer, Asked::put, problem_facts());
  EXPECT_EQ(problem.message,
            "https://s3.us-east-1.amazonaws.com answers HTTP 502 for bucket acme-flags, without an error of S3: "
            "<html>Bad gateway</html>");
  EXPECT_NE(problem.remedy.find("Something on the way answers"), std::string::npos) << problem.remedy;
}

TEST(Problems, of_the_spool_and_of_a_conflict_discard_nothing) {
  EXPECT_NE(problem_of_spool(true, "no space on /data").message.find("stay in the journal"), std::string::npos);
  EXPECT_EQ(problem_of_spool(true, "").code, "spool_full");
  const Problem conflict = problem_of_conflict("exports/a.ndjson.gz", problem_facts());
  EXPECT_NE(conflict.message.find("exports/a.ndjson.gz"), std::string::npos);
  EXPECT_NE(conflict.remedy.find("node name"), std::string::npos);
}

TEST(Policies, allow_what_delivery_needs_on_the_one_prefix_and_nothing_else) {
  const auto policy =
      nlohmann::json::parse(permission_policy({"aws", "acme-flags", "exports", "arn:aws:kms:us-east-1:1:key/1"}));
  EXPECT_EQ(policy["Statement"][0]["Action"], nlohmann::json({"s3:PutObject", "s3:GetObject"}));
  EXPECT_EQ(policy["Statement"][0]["Resource"], "arn:aws:s3:::acme-flags/exports/*");
  EXPECT_EQ(policy["Statement"][1]["Action"], "kms:GenerateDataKey");
  EXPECT_EQ(nlohmann::json::parse(permission_policy({"aws-cn", "acme", ""}))["Statement"],
            nlohmann::json::parse(R"([{"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"],
                                       "Resource": "arn:aws-cn:s3:::acme/*"}])"));
}

}  // namespace
}  // namespace sluice::s3
