#include "destinations/kinesis/scripted_kinesis_fake.h"

#include <simdjson.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/base64.h"
#include "base/check.h"

namespace sluice::kinesis {
namespace {

using nlohmann::json;

http_client::HttpResponse ok(const json& body) {
  http_client::HttpResponse response;
  response.status = 200;
  response.headers = {{"x-amzn-requestid", "request-1"}};
  response.body = body.dump();
  return response;
}

std::string shard_id(std::size_t number) {
  const std::string digits = std::to_string(number);
  return "shardId-" + std::string(12 - digits.size(), '0') + digits;
}

// Stands in for MD5: spreads keys over all of the 128 bits.
HashKey hash_of(std::string_view key) {
  std::uint64_t halves[2] = {0x9E3779B97F4A7C15u, 0xC2B2AE3D27D4EB4Fu};
  for (const char c : key)
    for (std::uint64_t& half : halves) {
      half = (half ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
      half ^= half >> 29;
    }
  return (static_cast<HashKey>(halves[0]) << 64) | halves[1];
}

}  // namespace

http_client::HttpResponse aws_error(int status, std::string_view code, std::string_view message) {
  http_client::HttpResponse response;
  response.status = status;
  response.headers = {{"x-amzn-requestid", "request-e"}};
  response.body = json{{"__type", code}, {"message", message}}.dump();
  return response;
}

ScriptedKinesis::ScriptedKinesis(std::uint32_t shards) { set_shards(shards); }

void ScriptedKinesis::set_shards(std::uint32_t shards) {
  shards_.clear();
  const HashKey width = ~HashKey{0} / shards;
  for (std::uint32_t i = 0; i < shards; ++i)
    shards_.push_back(
        {shard_id(next_shard_++), width * i + (i > 0 ? 1 : 0), i + 1 == shards ? ~HashKey{0} : width * (i + 1)});
}

http_client::HttpResponse ScriptedKinesis::answer(const http_client::HttpRequest& request) {
  std::string target;
  for (const auto& [name, value] : request.headers)
    if (name == "x-amz-target") target = value;
  if (target == "Kinesis_20131202.PutRecords") return put_records(request.body);
  if (target == "Kinesis_20131202.ListShards") return list_shards(request.body);
  if (target == "Kinesis_20131202.DescribeStreamSummary") {
    ++described_;
    return describe();
  }
  return aws_error(400, "UnknownOperationException");
}

const Shard& ScriptedKinesis::shard_of(const Record& record) const {
  const HashKey hash =
      record.explicit_hash_key.empty() ? hash_of(record.partition_key) : *parse_hash_key(record.explicit_hash_key);
  const auto found = std::find_if(shards_.begin(), shards_.end(),
                                  [&](const Shard& shard) { return hash >= shard.first && hash <= shard.last; });
  SLUICE_CHECK(found != shards_.end(), "the shards cover all hash keys");
  return *found;
}

std::vector<ScriptedKinesis::Record> ScriptedKinesis::records_of_json(const std::string& body) {
  std::vector<Record> records;
  simdjson::dom::parser parser;
  for (const simdjson::dom::object each : parser.parse(body)["Records"].get_array()) {
    auto data = base64_decode(each["Data"].get_string());
    SLUICE_CHECK(data.has_value(), "Data is base64");
    std::string_view hash_key;
    if (each["ExplicitHashKey"].get(hash_key) != simdjson::SUCCESS) hash_key = {};
    records.push_back(
        {std::move(*data), std::string(each["PartitionKey"].get_string().value()), std::string(hash_key)});
  }
  return records;
}

std::vector<ScriptedKinesis::Record> ScriptedKinesis::records_of_cbor(const std::string& body) {
  ++cbor_calls_;
  std::vector<Record> records;
  const json call = json::from_cbor(body);
  for (const json& each : call["Records"]) {
    const auto& data = each["Data"].get_binary();
    records.push_back({std::string(data.begin(), data.end()), each["PartitionKey"].get<std::string>(),
                       each.value("ExplicitHashKey", std::string())});
  }
  return records;
}

http_client::HttpResponse ScriptedKinesis::put_records(const std::string& body) {
  if (!body.starts_with('{') && !understands_cbor) {
    ++cbor_calls_;
    return aws_error(400, "SerializationException");
  }
  std::vector<Record> records = body.starts_with('{') ? records_of_json(body) : records_of_cbor(body);
  calls_.push_back(records);
  if (!next_puts.empty()) {
    http_client::HttpResponse response = std::move(next_puts.front());
    next_puts.pop_front();
    return response;
  }
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::uint64_t size = records[i].data.size() + records[i].partition_key.size();
    bytes += size;
    if (size > max_record_bytes)
      return aws_error(
          400, "ValidationException",
          "1 validation error detected: Value at 'records." + std::to_string(i + 1) +
              ".member.data' failed to satisfy constraint: Member must have length less than or equal to " +
              std::to_string(max_record_bytes));
  }
  if (records.empty() || records.size() > 500 || bytes > 10'485'760)
    return aws_error(400, "ValidationException", "1 validation error detected: Value at 'records' failed");
  if (refuse_call)
    if (auto refusal = refuse_call(records)) return *refusal;
  json answers = json::array();
  int failed = 0;
  for (const Record& record : records) {
    if (const auto failure = fail_record ? fail_record(record) : std::nullopt) {
      ++failed;
      answers.push_back({{"ErrorCode", failure->code}, {"ErrorMessage", failure->message}});
      continue;
    }
    stored_.push_back(record);
    answers.push_back({{"SequenceNumber", std::to_string(++sequence_)}, {"ShardId", shard_of(record).id}});
  }
  http_client::HttpResponse response = ok({{"FailedRecordCount", failed}, {"Records", answers}});
  if (spoil) spoil(response);
  return response;
}

http_client::HttpResponse ScriptedKinesis::list_shards(const std::string& body) const {
  if (!may_describe) return aws_error(400, "AccessDeniedException");
  constexpr std::size_t kPage = 1000;
  const json asked = json::parse(body);
  const std::size_t from = asked.contains("NextToken") ? std::stoull(asked["NextToken"].get<std::string>()) : 0;
  SLUICE_CHECK(from == 0 || asked.size() == 1, "a token comes alone");
  json shards = json::array();
  for (std::size_t i = from; i < std::min(shards_.size(), from + kPage); ++i)
    shards.push_back(
        {{"ShardId", shards_[i].id},
         {"HashKeyRange",
          {{"StartingHashKey", hash_key_text(shards_[i].first)}, {"EndingHashKey", hash_key_text(shards_[i].last)}}}});
  json answer = {{"Shards", shards}};
  if (from + kPage < shards_.size()) answer["NextToken"] = std::to_string(from + kPage);
  return ok(answer);
}

http_client::HttpResponse ScriptedKinesis::describe() const {
  if (!may_describe) return aws_error(400, "AccessDeniedException");
  return ok({{"StreamDescriptionSummary",
              {{"StreamName", "flag-events"},
               {"StreamARN", "arn:aws:kinesis:eu-west-1:123456789012:stream/flag-events"},
               {"StreamStatus", status},
               {"StreamModeDetails", {{"StreamMode", "PROVISIONED"}}},
               {"OpenShardCount", shards_.size()},
               {"EncryptionType", "NONE"},
               {"MaxRecordSizeInKiB", max_record_bytes / 1024}}}});
}

std::map<std::string, int> ScriptedKinesis::copies() const {
  std::map<std::string, int> copies;
  for (const Record& record : stored_) ++copies[record.data];
  return copies;
}

}  // namespace sluice::kinesis
