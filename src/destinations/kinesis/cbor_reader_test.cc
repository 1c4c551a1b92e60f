// CBOR from the network: PutRecords' answers, errors, and what is neither.

#include "destinations/kinesis/cbor_reader.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "destinations/kinesis/error_class.h"
#include "destinations/kinesis/put_records_answer.h"

namespace sluice::kinesis {
namespace {

using Json = nlohmann::json;
using namespace std::string_literals;

std::string cbor(const Json& json) {
  const auto bytes = Json::to_cbor(json);
  return {bytes.begin(), bytes.end()};
}

const char* const kAnswer =
    R"({"EncryptionType":"KMS","FailedRecordCount":1,"Records":[)"
    R"({"SequenceNumber":"49543463076548007577105092703039560359975228518395012686","ShardId":"shardId-000000000003"},)"
    R"({"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"Rate exceeded for shard \"é\""}]})";

TEST(CborAnswer, says_the_same_as_the_json_form) {
  std::string json_body = kAnswer;
  std::string cbor_body = cbor(Json::parse(kAnswer));
  PutRecordsAnswerParser json, binary;
  ASSERT_TRUE(json.parse(json_body, 2)) << json.why();
  ASSERT_TRUE(binary.parse(cbor_body, 2)) << binary.why();
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(binary.records()[i].delivered, json.records()[i].delivered);
    EXPECT_EQ(binary.records()[i].sequence_number, json.records()[i].sequence_number);
    EXPECT_EQ(binary.records()[i].shard_id, json.records()[i].shard_id);
    EXPECT_EQ(binary.records()[i].error_code, json.records()[i].error_code);
    EXPECT_EQ(binary.records()[i].error_message, json.records()[i].error_message);
  }
}

// As Jackson writes it, which the SDK for Java and emulators on the JVM use: nothing has a length.
TEST(CborAnswer, is_read_without_announced_lengths_and_with_text_in_pieces) {
  std::string body =
      "\xD9\xD9\xF7\xBF\x67Records\x9F"
      "\xBF\x6ESequenceNumber\x7F\x62"
      "12\x60\x61"
      "3\xFF\x67ShardId\x63s-0\xFF"
      "\xBF\x69"
      "ErrorCode\xF6\x67ShardId\x7F\xFF\x6ESequenceNumber\x61"
      "4\xFF"
      "\xFF\x66Unknow\xC1\xFB\x41\xD0\x00\x00\x00\x00\x00\x00\x71"
      "FailedRecordCount\x00\xFF"s;
  PutRecordsAnswerParser parser;
  ASSERT_TRUE(parser.parse(body, 2)) << parser.why();
  EXPECT_TRUE(parser.records()[0].delivered);
  EXPECT_EQ(parser.records()[0].sequence_number, "123");
  EXPECT_EQ(parser.records()[0].shard_id, "s-0");
  EXPECT_TRUE(parser.records()[1].delivered);
  EXPECT_EQ(parser.records()[1].shard_id, "");
}

struct CborAnswerCase {
  const char* json;
  std::size_t records;
  bool fits;
  std::vector<bool> delivered;
};

TEST(CborAnswer, is_judged_record_by_record) {
  const CborAnswerCase cases[] = {
      {R"({"FailedRecordCount":0,"Records":[{"ShardId":"s-0"}]})", 1, true, {false}},
      {R"({"Records":[{"SequenceNumber":"","ShardId":"s-0"}]})", 1, true, {false}},
      {R"({"Records":[{"SequenceNumber":17,"ShardId":{"a":[1,2]}}]})", 1, true, {false}},
      {R"({"Records":[{"SequenceNumber":"1","ErrorCode":null,"ErrorMessage":null}]})", 1, true, {true}},
      {R"({"Records":[{"SequenceNumber":"1","ErrorCode":"X"}]})", 1, true, {false}},
      {R"({"Records":[{"SequenceNumber":"1","ErrorCode":7}]})", 1, true, {false}},
      {R"({"Records":[{}]})", 1, true, {false}},
      {R"({"Records":[]})", 1, false, {}},
      {R"({"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]})", 1, false, {}},
      {R"({"Records":["SequenceNumber"]})", 1, false, {}},
      {R"({"Records":{}})", 1, false, {}},
      {R"({"FailedRecordCount":0})", 1, false, {}},
  };
  PutRecordsAnswerParser parser;
  for (const CborAnswerCase& each : cases) {
    std::string body = cbor(Json::parse(each.json));
    ASSERT_EQ(parser.parse(body, each.records), each.fits) << each.json << "\n" << parser.why();
    ASSERT_EQ(parser.records().size(), each.delivered.size()) << each.json;
    for (std::size_t i = 0; i < each.delivered.size(); ++i)
      EXPECT_EQ(parser.records()[i].delivered, each.delivered[i]) << each.json;
  }
}

TEST(CborAnswer, is_refused_at_every_cut_and_with_anything_behind_it) {
  const std::string whole = cbor(Json::parse(kAnswer));
  PutRecordsAnswerParser parser;
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    std::string body = whole.substr(0, cut);
    EXPECT_FALSE(parser.parse(body, 2)) << cut;
  }
  std::string more = whole + '\0';
  EXPECT_FALSE(parser.parse(more, 2));
}

TEST(CborAnswer, is_refused_when_it_announces_what_is_not_there) {
  const std::string bodies[] = {
      "\xA1\x67Records\x9B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s,                             // 2^64-1 records
      "\xA1\x67Records\x81\xA1\x67ShardId\x7B\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s + "abc",  // text of 2^63-1 bytes
      "\xBB\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x61"
      "a\x01"s,
      "\xA1\x61"
      "a\x5F\x61\x62\xFF"s,  // a piece of text in a byte string
      "\xA1\x61"
      "a\x7F\x7F\xFF\xFF"s,  // pieces in a piece
      "\xA1\x61"
      "a\xFF"s,  // a break where a value is due
      "\xA1\x61"
      "a\x1C"s,  // a reserved length
      "\xBF\x61"
      "a\x01"s,                                           // no break
      "\xA1\x67Records\x81\xA1\x67ShardId\x62\xC3\x28"s,  // text that is no UTF-8
      "\xA2\x67Records\x80\x67Records\x80"s,
      "\xA1\x61"
      "a"s +
          std::string(1'000'000, '\x81') + "\x01",  // a million arrays inside each other
      "\xA1\x61"
      "a"s +
          std::string(1'000'000, '\xC1'),  // nothing but tags
  };
  PutRecordsAnswerParser parser;
  for (std::string body : bodies) {
    EXPECT_FALSE(parser.parse(body, 1));
    EXPECT_FALSE(parser.why().empty());
  }
}

TEST(CborError, is_the_same_call_error_as_in_json) {
  http_client::HttpResponse response;
  response.status = 400;
  response.headers = {{"x-amzn-requestid", "r-1"}};
  for (const char* json :
       {R"({"__type":"ResourceNotFoundException","message":"Stream x under account 1 not found."})",
        R"({"message":"m","__type":"com.amazonaws.kinesis.v20131202#AccessDeniedException"})",
        R"({"__type":"SerializationException"})", R"({"__type":"ServiceUnavailable","Message":"m","x":[{"y":1.5}]})"}) {
    response.body = json;
    const destinations::CallError expected = call_error(response);
    response.body = cbor(Json::parse(json));
    const destinations::CallError error = call_error(response);
    EXPECT_EQ(error.code, expected.code);
    EXPECT_EQ(error.status, 400);
    EXPECT_EQ(error.request_id, "r-1");
    if (Json::parse(json).size() > 1) {
      EXPECT_EQ(error.message, expected.message);
    }
  }
}

TEST(CborError, that_is_no_cbor_is_shown_as_text_that_can_be_shown) {
  http_client::HttpResponse response;
  response.status = 500;
  response.body = "\xA1\xFF\xFEx";
  const destinations::CallError error = call_error(response);
  EXPECT_EQ(error.code, "http_500");
  EXPECT_EQ(error.message, "???x");
}

}  // namespace
}  // namespace sluice::kinesis
