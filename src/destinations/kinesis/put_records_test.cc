// The body of PutRecords and its answer.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/base64.h"
#include "destinations/kinesis/put_records_answer.h"
#include "destinations/kinesis/put_records_request.h"
#include "destinations/kinesis/sink_rig_fake.h"

namespace sluice::kinesis {
namespace {

TEST(PutRecordsBody, holds_each_record_whole) {
  PutRecordsBody body("", "flag-events");
  Random random(1);
  std::string buffer;
  for (const std::size_t size : {20u, 21u, 22u, 23u, 600u, 100'000u}) {
    const auto events = make_events(3, size);
    body.begin(std::move(buffer), 0, 0);
    add_event(body, events[0], random, std::nullopt);
    add_event(body, events[1], random, HashKey{12345});
    add_event(body, events[2], random, ~HashKey{0});
    buffer = body.finish();
    const auto json = nlohmann::json::parse(buffer);
    EXPECT_EQ(json["StreamName"], "flag-events");
    ASSERT_EQ(json["Records"].size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
      std::string record;
      events[i].entry->envelope.append(record, events[i].slot);
      EXPECT_EQ(base64_decode(json["Records"][i]["Data"].get<std::string>()), record);
      EXPECT_EQ(json["Records"][i]["PartitionKey"].get<std::string>().size(), kPartitionKeyBytes);
    }
    EXPECT_FALSE(json["Records"][0].contains("ExplicitHashKey"));
    EXPECT_EQ(json["Records"][1]["ExplicitHashKey"], "12345");
    EXPECT_EQ(json["Records"][2]["ExplicitHashKey"], "340282366920938463463374607431768211455");
  }
}

TEST(PutRecordsBody, names_the_stream_by_its_arn_where_there_is_one) {
  PutRecordsBody body("arn:aws:kinesis:eu-west-1:123456789012:stream/s", "s");
  body.begin({}, 0, 0);
  EXPECT_EQ(body.finish(), R"({"StreamARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/s","Records":[]})");
}

TEST(PutRecordsBody, draws_a_new_key_for_each_record) {
  Random random(1);
  std::set<std::string> keys;
  for (int i = 0; i < 10'000; ++i) {
    const auto key = random_partition_key(random);
    keys.emplace(key.data(), key.size());
  }
  EXPECT_EQ(keys.size(), 10'000u);
}

struct AnswerCase {
  const char* body;
  std::size_t records;
  bool fits;
  std::vector<bool> delivered;
};

TEST(PutRecordsAnswer, is_read_record_by_record) {
  const AnswerCase cases[] = {
      {R"({"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"s-0"}]})", 1, true, {true}},
      {R"( {"EncryptionType":"KMS", "FailedRecordCount":0 ,"Records":[ {"ShardId":"s-0","SequenceNumber":"1"} , {"SequenceNumber":"2","ShardId":"s"}]} )",
       2,
       true,
       {true, true}},
      {R"({"FailedRecordCount":1,"Records":[{"SequenceNumber":"1","ShardId":"s-0"},{"ErrorCode":"InternalFailure","ErrorMessage":"m"}]})",
       2,
       true,
       {true, false}},
      // Whatever the count says, and whatever the code.
      {R"({"FailedRecordCount":0,"Records":[{"ShardId":"s-0"}]})", 1, true, {false}},
      {R"({"FailedRecordCount":0,"Records":[{"SequenceNumber":"","ShardId":"s-0"}]})", 1, true, {false}},
      {R"({"FailedRecordCount":0,"Records":[{"SequenceNumber":null,"ShardId":null,"ErrorCode":"X","ErrorMessage":"m"}]})",
       1,
       true,
       {false}},
      {R"({"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"s-0","ErrorCode":null,"ErrorMessage":null}]})",
       1,
       true,
       {true}},
      {R"({"Records":[{"SequenceNumber":"1","ShardId":"s-0","ErrorCode":"X"}]})", 1, true, {false}},
      {R"({"FailedRecordCount":0,"Records":[{}]})", 1, true, {false}},
      {R"({"FailedRecordCount":0,"Records":[]})", 1, false, {}},
      {R"({"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"s-0"},{"SequenceNumber":"2","ShardId":"s-0"}]})",
       1,
       false,
       {}},
      {R"({"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"s-0"}])", 1, false, {}},
      {R"({"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"s-0"}]} x)", 1, false, {}},
      {R"({"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"s-0)", 1, false, {}},
      {R"({"FailedRecordCount":0})", 1, false, {}},
      {R"([])", 1, false, {}},
      {"", 1, false, {}},
      {"<html></html>", 1, false, {}},
  };
  PutRecordsAnswerParser parser;
  for (const AnswerCase& each : cases) {
    std::string body = each.body;
    ASSERT_EQ(parser.parse(body, each.records), each.fits) << each.body << "\n" << parser.why();
    EXPECT_EQ(parser.why().empty(), each.fits);
    ASSERT_EQ(parser.records().size(), each.delivered.size()) << each.body;
    for (std::size_t i = 0; i < each.delivered.size(); ++i)
      EXPECT_EQ(parser.records()[i].delivered, each.delivered[i]) << each.body;
  }
}

TEST(PutRecordsAnswer, gives_shards_and_errors) {
  std::string body =
      R"({"FailedRecordCount":1,"Records":[{"SequenceNumber":"1","ShardId":"shardId-000000000003"},)"
      R"({"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"Rate exceeded for shard \"shardId-000000000001\""}]})";
  PutRecordsAnswerParser parser;
  ASSERT_TRUE(parser.parse(body, 2)) << parser.why();
  EXPECT_EQ(parser.records()[0].shard_id, "shardId-000000000003");
  EXPECT_EQ(parser.records()[1].error_code, "ProvisionedThroughputExceededException");
  EXPECT_EQ(shard_named_in(parser.records()[1].error_message), "shardId-000000000001");
}

}  // namespace
}  // namespace sluice::kinesis
