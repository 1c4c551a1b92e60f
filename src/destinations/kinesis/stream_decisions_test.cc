// The pure parts of the Kinesis sink: where to aim, how large a call may be, what is known of the stream.

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "aws/policies.h"
#include "destinations/kinesis/call_size.h"
#include "destinations/kinesis/policies.h"
#include "destinations/kinesis/problems.h"
#include "destinations/kinesis/settings_check.h"
#include "destinations/kinesis/shard_map.h"

namespace sluice::kinesis {
namespace {

TEST(HashKey, is_written_and_read_over_its_whole_range) {
  const HashKey most = ~HashKey{0};
  const HashKey chunk = 10'000'000'000'000'000'000u;  // that many are written in one go
  for (const HashKey key :
       {HashKey{0}, HashKey{9}, HashKey{10}, HashKey{UINT64_MAX}, HashKey{UINT64_MAX} + 1, most / 3, most, chunk - 1,
        chunk, chunk + 7, chunk * 12, chunk * chunk - 1, chunk * chunk, chunk * chunk + 5, chunk * chunk * 3})
    EXPECT_TRUE(parse_hash_key(hash_key_text(key)) == key) << hash_key_text(key);
  EXPECT_EQ(hash_key_text(most), "340282366920938463463374607431768211455");
  EXPECT_EQ(hash_key_text(chunk * chunk + 5), "100000000000000000000000000000000000005");
  for (const char* text :
       {"", "01", "-1", "1x", "340282366920938463463374607431768211456", "9999999999999999999999999999999999999999"})
    EXPECT_FALSE(parse_hash_key(text)) << text;
}

TEST(ShardMap, reads_what_aws_tells) {
  const auto page = parse_list_shards(
      R"({"NextToken":"t","Shards":[{"ShardId":"b","HashKeyRange":{"StartingHashKey":"10","EndingHashKey":"20"}},)"
      R"({"ShardId":"a","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"9"}}]})");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->next_token, "t");
  const ShardMap map(page->shards);
  EXPECT_EQ(map[0].id, "a");
  EXPECT_EQ(map.index_of("b"), 1u);
  EXPECT_EQ(map.index_of("c"), kNoShard);
  for (const char* bad : {"", "[]", "{}", R"({"Shards":[1]})", R"({"Shards":[{"ShardId":"a"}]})",
                          R"({"Shards":[{"ShardId":"a","HashKeyRange":{"StartingHashKey":"9","EndingHashKey":"0"}}]})"})
    EXPECT_FALSE(parse_list_shards(bad)) << bad;
  EXPECT_FALSE(parse_stream_summary(R"({"StreamDescriptionSummary":1})"));
}

TEST(CallSize, shrinks_to_what_passes_and_probes_for_more_at_growing_pauses) {
  CallSize size(4'500'000);
  const std::uint64_t passes = 60'000;
  int refused = 0, calls = 0;
  for (std::int64_t us = 0; us < 600'000'000; us += 50'000, ++calls) {
    if (size.limit_bytes() > passes) {
      size.too_large(size.limit_bytes(), us);
      ++refused;
    } else {
      size.accepted(size.limit_bytes(), us, us);
    }
  }
  EXPECT_LT(refused, 30) << "of " << calls << " calls in ten minutes";
  EXPECT_GT(size.limit_bytes(), passes / 4);
  for (std::int64_t us = 600'000'000; us < 720'000'000; us += 50'000) size.accepted(size.limit_bytes(), us, us);
  EXPECT_EQ(size.limit_bytes(), 4'500'000u) << "the limit on the way is gone";
}

TEST(CallSize, tells_a_limit_that_one_event_is_over_from_one_that_nothing_passes) {
  CallSize size(4'500'000);
  EXPECT_TRUE(size.too_large_alone(300, 1)) << "nothing was accepted before";
  EXPECT_TRUE(size.in_doubt());
  size.accepted(30'000, 2, 3);
  EXPECT_FALSE(size.in_doubt());
  EXPECT_FALSE(size.too_large_alone(100'000, 4)) << "smaller ones pass";
  EXPECT_TRUE(size.too_large_alone(300, 5)) << "as small as passed before";
  EXPECT_TRUE(size.too_large_alone(100'000, 6));
}

TEST(CallSize, shrinks_to_single_records_and_not_twice_for_calls_that_were_sent_together) {
  CallSize size(4'500'000);
  for (int i = 0; i < 8; ++i) size.too_large(4'000'000, 0);
  EXPECT_EQ(size.limit_bytes(), 2'000'000u);
  for (std::uint64_t bytes = 2'000'000; bytes > 1; bytes /= 2) size.too_large(bytes, 0);
  EXPECT_EQ(size.limit_bytes(), 1u);
  CallSize slow(4'500'000);
  for (int i = 0; i < 20; ++i) slow.timed_out(slow.limit_bytes());
  EXPECT_EQ(slow.limit_bytes(), 65'536u) << "small calls take no long time";
}

TEST(ErrorClass, reads_the_record_that_aws_names) {
  EXPECT_EQ(record_named_in("Value at 'records.17.member.data' failed"), 16u);
  for (const char* text : {"", "records.", "records.x.member", "records.0.member.data", "records.17",
                           "records.99999999999999999999.member"})
    EXPECT_FALSE(record_named_in(text)) << text;
}

TEST(Policies, are_json_with_the_users_values) {
  const auto permission = nlohmann::json::parse(permission_policy("arn:aws:kinesis:eu-west-1:1:stream/s"));
  EXPECT_EQ(permission["Statement"].size(), 2u);
  EXPECT_EQ(permission["Statement"][0]["Resource"][0], "arn:aws:kinesis:eu-west-1:1:stream/s");
}

TEST(SessionPolicy, names_one_stream_and_fits) {
  const std::string longest = "arn:aws-us-gov:kinesis:us-gov-west-1:123456789012:stream/" + std::string(128, 'x');
  const std::string policy = session_policy_for_stream(longest);
  EXPECT_LE(policy.size(), 2048u);
  EXPECT_NE(policy.find("\"Resource\":\"" + longest + "\""), std::string::npos);
}

TEST(Problems, name_the_streams_resource_policy_where_that_refuses) {
  DestinationFacts facts;
  facts.stream_arn = "arn:aws:kinesis:eu-west-1:999999999999:stream/s";
  facts.identity = "arn:aws:iam::123456789012:role/sluice";
  destinations::CallError error;
  error.status = 400;
  error.code = "AccessDeniedException";
  error.message =
      "User: x is not authorized to perform: kinesis:PutRecords because no resource-based policy allows the "
      "kinesis:PutRecords action";
  const exporting::Problem problem = problem_of_call(error, destinations::ErrorClass::setup, facts);
  EXPECT_TRUE(
      problem.message.starts_with("The resource policy of arn:aws:kinesis:eu-west-1:999999999999:stream/s does "
                                  "not allow arn:aws:iam::123456789012:role/sluice."))
      << problem.message;
  EXPECT_NE(problem.remedy.find("\"Principal\":{\"AWS\":\"arn:aws:iam::123456789012:role/sluice\"}"),
            std::string::npos);
  EXPECT_TRUE(nlohmann::json::parse(stream_resource_policy(facts.identity, facts.stream_arn)).is_object());
}

TEST(Problems, name_the_proxy_and_its_variable_for_407) {
  http_client::HttpResponse refused;
  refused.fault = http_client::TransportFault::proxy;
  refused.fault_text = "The proxy refused the connection to kinesis through the proxy http://proxy:3128: 407";
  refused.proxy_status = 407;
  http_client::HttpResponse answered;
  answered.status = 407;
  answered.body = "<html>Proxy Authentication Required</html>";
  for (const auto& response : {refused, answered}) {
    const destinations::CallError error = call_error(response);
    EXPECT_EQ(error.code, "proxy_credentials");
    EXPECT_EQ(classify(error.fault, error.status, error.code, error.message), destinations::ErrorClass::setup);
    const exporting::Problem problem = problem_of_call(error, destinations::ErrorClass::setup, {});
    EXPECT_NE(problem.message.find("refuses Sluice's credentials (HTTP 407)"), std::string::npos) << problem.message;
    EXPECT_NE(problem.remedy.find("HTTPS_PROXY"), std::string::npos);
  }
  refused.proxy_status = 502;
  const destinations::CallError passing = call_error(refused);
  EXPECT_EQ(classify(passing.fault, passing.status, passing.code, ""), destinations::ErrorClass::transient);
}

TEST(Problems, name_what_answers_in_place_of_kinesis) {
  http_client::HttpResponse page;
  page.status = 400;
  page.body = "<html>\nBad request</html>";
  DestinationFacts facts;
  facts.endpoint = "https://kinesis.example";
  facts.stream_name = "flag-events";
  const destinations::CallError error = call_error(page);
  const exporting::Problem problem = problem_of_call(error, destinations::ErrorClass::transient, facts);
  EXPECT_TRUE(problem.message.starts_with("https://kinesis.example answers HTTP 400 for ")) << problem.message;
  EXPECT_TRUE(problem.message.ends_with("without an error of AWS: <html> Bad request</html>")) << problem.message;
  EXPECT_NE(problem.remedy.find("Something on the way answers"), std::string::npos) << problem.remedy;
  EXPECT_NE(problem_of_no_answer("http_400", 60'000, facts).remedy.find("Something on the way answers"),
            std::string::npos);
  page.headers.push_back({"x-amzn-requestid", "1"});
  EXPECT_NE(problem_of_call(call_error(page), destinations::ErrorClass::transient, facts).remedy.find("status page"),
            std::string::npos);
}

TEST(Problems, say_no_aws_identity_once) {
  const aws::CredentialsError none{aws::CredentialsError::Kind::none_found, "",
                                   "Sluice has no AWS identity. Looked in: environment variables.", ""};
  const exporting::Problem problem = destinations::problem_of_credentials(none, {});
  EXPECT_EQ(problem.message.rfind("Sluice has no AWS identity."), 0u) << problem.message;
}

TEST(Problems, throttling_tells_what_was_sent_and_leaves_the_number_of_shards_to_who_knows_what_arrives) {
  ThrottleFacts sent;
  sent.records_per_s = 1'000;
  sent.bytes_per_s = 400'000;
  sent.shards = 1;
  sent.waiting_events = 1;
  DestinationFacts facts;
  facts.stream_name = "flag-events";
  const exporting::Problem problem = problem_of_throttling("ProvisionedThroughputExceededException", sent, facts);
  EXPECT_EQ(problem.message,
            "Stream flag-events accepts less than arrives: Sluice sends 1,000 records/s (0.4 MB/s) to 1 shard. Nothing "
            "is lost. 1 event queued for retry.");
  EXPECT_TRUE(asks_for_shards(problem));
  EXPECT_EQ(remedy_by_shards({25, 1, 20'000, 8e6}),
            "Set the stream to 25 shards for the peak that arrives, 20,000 events/s (8.0 MB/s), or switch it to "
            "on-demand capacity.");
  EXPECT_EQ(
      remedy_by_shards({1, 4, 1, 400}).rfind("The stream has 4 shards, enough for the peak that arrives, 1 event/s", 0),
      0u);
  EXPECT_FALSE(asks_for_shards(problem_of_throttling("LimitExceededException", sent, facts)));
  EXPECT_FALSE(asks_for_shards(problem_of_throttling("KMSThrottlingException", sent, facts)));
}

TEST(SettingsCheck, names_every_fault_at_its_field) {
  KinesisSettings good;
  good.region = "eu-west-1";
  good.stream_name = "flag-events";
  EXPECT_TRUE(check_kinesis_settings(good).empty());
  KinesisSettings bad;
  bad.stream_name = "flag events";
  bad.region = "eu-west-1/";
  bad.role_arn = "role";
  bad.endpoint = "kinesis";
  bad.max_records_per_call = 501;
  std::map<std::string, int> fields;
  for (const catalog::FieldFault& fault : check_kinesis_settings(bad)) ++fields[fault.field];
  for (const char* field : {"stream_name", "region", "role_arn", "endpoint", "max_records_per_call"})
    EXPECT_EQ(fields[field], 1) << field;
  KinesisSettings contradicting = good;
  contradicting.stream_arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/other";
  EXPECT_EQ(check_kinesis_settings(contradicting).size(), 2u);
}

TEST(SettingsCheck, a_size_of_records_needs_an_encoding_that_packs_and_a_call_that_it_fits_into) {
  KinesisSettings settings;
  settings.region = "eu-west-1";
  settings.stream_name = "flags";
  settings.encoding = framing::Encoding::ndjson;
  settings.record_bytes = 1'048'576;
  EXPECT_TRUE(check_kinesis_settings(settings).empty());
  settings.max_bytes_per_call = 65'536;
  EXPECT_EQ(check_kinesis_settings(settings).at(0).field, "record_bytes");
  settings.max_bytes_per_call = 4'718'592;
  settings.encoding = framing::Encoding::json;
  const auto faults = check_kinesis_settings(settings);
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_NE(faults[0].message.find("has one event"), std::string::npos);
}

}  // namespace
}  // namespace sluice::kinesis
