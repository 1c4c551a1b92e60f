#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/random.h"
#include "kinesim/base64_decoder.h"
#include "kinesim/cbor.h"
#include "kinesim/client_fake.h"
#include "kinesim/put_request.h"
#include "kinesim/wire.h"

namespace kinesim {
namespace {

using Json = nlohmann::json;

void expect_refused(const Answer& answer, std::string_view code, std::string_view part) {
  EXPECT_EQ(answer.status, 400u);
  const auto json = Json::parse(answer.body);
  EXPECT_EQ(json["__type"], code);
  EXPECT_NE(json["message"].get<std::string>().find(part), std::string::npos) << answer.body;
}

std::string one_record(const std::string& fields) { return R"({"StreamName":"events","Records":[{)" + fields + "}]}"; }

std::string base64(const std::string& data) {
  std::string out;
  sluice::base64_append(out, data);
  return out;
}

TEST(PutRecords, answers_each_record_in_order_with_growing_numbers) {
  World world;
  const auto answer = Json::parse(world.kinesis("PutRecords", put_records_body(500)).body);
  EXPECT_EQ(answer["FailedRecordCount"], 0);
  ASSERT_EQ(answer["Records"].size(), 500u);
  std::map<std::string, std::string> last;
  for (std::size_t i = 0; i < 500; ++i) {
    const std::string shard = answer["Records"][i]["ShardId"], number = answer["Records"][i]["SequenceNumber"];
    EXPECT_EQ(number.size(), 56u);
    EXPECT_GT(number, last[shard]);
    last[shard] = number;
    const bool upper = hash_of_partition_key("key-" + std::to_string(i)) >= (HashKey{1} << 127);
    EXPECT_EQ(shard, upper ? "shardId-000000000001" : "shardId-000000000000");
  }
}

TEST(PutRecords, holds_the_limits_of_the_service) {
  World world;
  expect_refused(
      world.kinesis("PutRecords", put_records_body(501)), "ValidationException",
      "1 validation error detected: Value at 'records' failed to satisfy constraint: Member must have length less "
      "than or equal to 500");
  expect_refused(world.kinesis("PutRecords", R"({"StreamName":"events","Records":[]})"), "ValidationException",
                 "greater than");
  const std::string at_limit = base64(std::string((1 << 20) - 1, 'x'));
  EXPECT_EQ(world.kinesis("PutRecords", one_record(R"("Data":")" + at_limit + R"(","PartitionKey":"k")")).status, 200u);
  expect_refused(world.kinesis("PutRecords", one_record(R"("Data":")" + at_limit + R"(","PartitionKey":"kk")")),
                 "ValidationException",
                 "'records.1.member.data' failed to satisfy constraint: Member must have length less than "
                 "or equal to 1048576");
  std::string many = R"({"StreamName":"events","Records":[)";
  for (int i = 0; i < 11; ++i)
    many.append(i > 0 ? "," : "").append(R"({"Data":")").append(at_limit).append(R"(","PartitionKey":"k"})");
  expect_refused(world.kinesis("PutRecords", many + "]}"), "InvalidArgumentException", "exceeds 10 MB limit");
}

TEST(PutRecords, holds_the_limits_of_keys) {
  World world;
  const std::string data = R"("Data":"aGk=","PartitionKey":)";
  EXPECT_EQ(world.kinesis("PutRecords", one_record(data + "\"" + std::string(256, 'k') + "\"")).status, 200u);
  std::string accented;
  for (int i = 0; i < 256; ++i) accented += "\\u00e9";
  EXPECT_EQ(world.kinesis("PutRecords", one_record(data + "\"" + accented + "\"")).status, 200u);
  expect_refused(world.kinesis("PutRecords", one_record(data + "\"" + std::string(257, 'k') + "\"")),
                 "ValidationException", "partitionKey");
  expect_refused(world.kinesis("PutRecords", one_record(data + "\"\"")), "ValidationException",
                 "greater than or equal to 1");
  expect_refused(world.kinesis("PutRecords", one_record(R"("Data":"aGk=")")), "ValidationException",
                 "must not be null");
  const auto with_hash = [&](const std::string& hash) {
    return one_record(data + R"("k","ExplicitHashKey":")" + hash + "\"");
  };
  EXPECT_EQ(world.kinesis("PutRecords", with_hash("340282366920938463463374607431768211455")).status, 200u);
  expect_refused(world.kinesis("PutRecords", with_hash("340282366920938463463374607431768211456")),
                 "InvalidArgumentException", "[0, 2^128-1]");
  expect_refused(world.kinesis("PutRecords", with_hash("01")), "ValidationException", "0|([1-9]\\d{0,38})");
}

TEST(PutRecords, refuses_streams_that_are_not_there) {
  World world;
  const std::string records = R"("Records":[{"Data":"aGk=","PartitionKey":"k"}]})";
  expect_refused(world.kinesis("PutRecords", R"({"StreamName":"none",)" + records), "ResourceNotFoundException",
                 "Stream none under account 123456789012 not found.");
  expect_refused(world.kinesis("PutRecords", "{" + records), "InvalidArgumentException", "StreamName must be provided");
  EXPECT_EQ(
      world.kinesis("PutRecords", R"({"StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/events",)" + records)
          .status,
      200u);
  world.kinesis("CreateStream", R"({"StreamName":"young","ShardCount":1})");
  expect_refused(world.kinesis("PutRecords", R"({"StreamName":"young",)" + records), "ResourceNotFoundException",
                 "young");
  world.clock.advance_us(1'000'000);
  EXPECT_EQ(world.kinesis("PutRecords", R"({"StreamName":"young",)" + records).status, 200u);
}

TEST(PutRecords, throttles_each_shard_by_itself_and_lets_the_rest_through) {
  World world;
  for (int call = 0; call < 2; ++call) {
    std::string body = R"({"StreamName":"events","Records":[)";
    for (int i = 0; i < 500; ++i)
      body += std::string(i > 0 ? "," : "") + R"({"Data":"aGk=","PartitionKey":"k","ExplicitHashKey":"0"})";
    EXPECT_EQ(Json::parse(world.kinesis("PutRecords", body + "]}").body)["FailedRecordCount"], 0);
  }
  const auto mixed = Json::parse(
      world
          .kinesis(
              "PutRecords",
              R"({"StreamName":"events","Records":[{"Data":"aGk=","PartitionKey":"k","ExplicitHashKey":"0"},)"
              R"({"Data":"aGk=","PartitionKey":"k","ExplicitHashKey":"340282366920938463463374607431768211455"}]})")
          .body);
  EXPECT_EQ(mixed["FailedRecordCount"], 1);
  EXPECT_EQ(mixed["Records"][0]["ErrorCode"], "ProvisionedThroughputExceededException");
  EXPECT_EQ(mixed["Records"][0]["ErrorMessage"],
            "Rate exceeded for shard shardId-000000000000 in stream events under account 123456789012.");
  EXPECT_EQ(mixed["Records"][1]["ShardId"], "shardId-000000000001");
  world.clock.advance_us(10'000);  // ten records' worth
  EXPECT_EQ(
      Json::parse(world.kinesis("PutRecords", one_record(R"("Data":"aGk=","PartitionKey":"k","ExplicitHashKey":"0")"))
                      .body)["FailedRecordCount"],
      0);
}

TEST(PutRecords, throttles_by_bytes_with_a_burst_of_ten_mebibytes) {
  World world;
  const std::string data = base64(std::string(1'000'000, 'x'));
  int passed = 0;
  while (Json::parse(world
                         .kinesis("PutRecords",
                                  one_record(R"("Data":")" + data + R"(","PartitionKey":"k","ExplicitHashKey":"0")"))
                         .body)["FailedRecordCount"] == 0)
    ASSERT_LT(++passed, 20);
  EXPECT_EQ(passed, 10);
}

TEST(PutRecords, does_the_same_in_cbor) {
  World world;
  std::string body;
  CborWriter writer(body);
  body += static_cast<char>(0xBF);  // of indefinite length, as Jackson writes it
  writer.text("StreamName");
  writer.text("events");
  writer.text("Records");
  body += static_cast<char>(0x9F);
  for (int i = 0; i < 3; ++i) {
    writer.map(2);
    writer.text("Data");
    writer.bytes(R"({"event":{"id":"0123456789abcdef0123456)" + std::to_string(i) + "\"}}");
    writer.text("PartitionKey");
    writer.text("k" + std::to_string(i));
  }
  body.append("\xFF\xFF");
  const Answer answer = world.kinesis("PutRecords", body, {}, 0, kCborType);
  ASSERT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.content_type, "application/x-amz-cbor-1.1");
  const auto json = Json::from_cbor(answer.body);
  EXPECT_EQ(json["FailedRecordCount"], 0);
  EXPECT_EQ(json["Records"].size(), 3u);
  world.shared.simulator.find_stream("events")->visit_ledger(
      [](Ledger& ledger) { EXPECT_EQ(ledger.ids[0].unique(), 3u); });
  const Answer refused = world.kinesis("PutRecords", body.substr(0, 20), {}, 0, kCborType);
  EXPECT_EQ(Json::from_cbor(refused.body)["__type"], "SerializationException");
}

TEST(HashKey, is_read_as_it_is_written) {
  const std::uint64_t seed = sluice::Random::from_system().next();
  SCOPED_TRACE(seed);
  sluice::Random random(seed);
  for (int i = 0; i < 10'000; ++i) {
    const HashKey key = (HashKey{random.next()} << 64 | random.next()) >> random.below(128);
    HashKey read = 0;
    ASSERT_EQ(parse_hash_key(hash_key_text(key), read), HashKeyFault::none);
    ASSERT_EQ(hash_key_text(read), hash_key_text(key));
  }
  HashKey read = 0;
  for (const char* above : {"340282366920938463463374607431768211456", "999999999999999999999999999999999999999"})
    EXPECT_EQ(parse_hash_key(above, read), HashKeyFault::out_of_range) << above;
  for (const char* bad : {"", "01", "-1", "1 ", "3402823669209384634633746074317682114550"})
    EXPECT_EQ(parse_hash_key(bad, read), HashKeyFault::not_a_number) << bad;
}

TEST(PutRecord, puts_one) {
  World world;
  const auto answer =
      Json::parse(world.kinesis("PutRecord", R"({"StreamName":"events","Data":"aGk=","PartitionKey":"k"})").body);
  EXPECT_EQ(answer["SequenceNumber"].get<std::string>().size(), 56u);
  expect_refused(world.kinesis("PutRecord", R"({"StreamName":"events","Data":"aGk="})"), "ValidationException",
                 "'partitionKey'");
}

TEST(PutRequest, reads_json_in_any_order_and_with_escapes) {
  PutRequest request;
  ASSERT_TRUE(request
                  .parse_json(" { \"Records\" : [ { \"PartitionKey\" : \"a\\\"\\u00e9\\ud83d\\ude00\\/\" , \"More\" : "
                              "{\"x\":[1,-2.5e3,true,null,\"\\\\\"]}, "
                              "\"Data\" : \"aGV\\/bG8=\" } , {} ] , \"StreamName\" : null, \"StreamARN\":\"arn\" } ")
                  .has_value());
  ASSERT_EQ(request.entries.size(), 2u);
  EXPECT_EQ(*request.entries[0].partition_key, "a\"\xC3\xA9\xF0\x9F\x98\x80/");
  EXPECT_EQ(*request.entries[0].data, "he\x7Flo");
  EXPECT_FALSE(request.entries[1].data.has_value());
  EXPECT_FALSE(request.stream_name.has_value());
  EXPECT_EQ(*request.stream_arn, "arn");
}

TEST(PutRequest, refuses_what_is_not_json_at_every_cut) {
  PutRequest request;
  const std::string body = put_records_body(2);
  for (std::size_t cut = 0; cut < body.size(); ++cut)
    EXPECT_FALSE(request.parse_json(body.substr(0, cut)).has_value()) << cut;
  for (const char* bad :
       {R"({"Records":[{"Data":"a===","PartitionKey":"k"}]})", R"({"Records":[{"Data":"aGk","PartitionKey":"k"}]})",
        R"({"Records":{}})", R"([])", R"({"Records":[]} x)", R"({"a":"\x"})", R"({"Data":7})"})
    EXPECT_FALSE(request.parse_json(bad).has_value()) << bad;
}

TEST(Base64Decoder, decodes_what_the_encoder_wrote_and_refuses_every_wrong_letter) {
  const std::uint64_t seed = sluice::Random::from_system().next();
  SCOPED_TRACE(seed);
  sluice::Random random(seed);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string data(size, '\0');
    for (char& c : data) c = static_cast<char>(random.next());
    std::string text = base64(data);
    std::string out(base64_decoded_room(text.size()), '\0');
    const auto decoded = base64_decode_to(out.data(), text);
    ASSERT_TRUE(decoded.has_value()) << size;
    EXPECT_EQ(out.substr(0, *decoded), data);
    if (text.empty()) continue;
    std::size_t at = random.below(text.size());
    for (const char wrong : {'-', '_', ' ', '\n', '\x80', '\xFF', '*'}) {
      std::string spoilt = text;
      spoilt[at] = wrong;
      EXPECT_FALSE(base64_decode_to(out.data(), spoilt).has_value()) << spoilt;
    }
    EXPECT_FALSE(base64_decode_to(out.data(), text.substr(1)).has_value());
  }
}

}  // namespace
}  // namespace kinesim
