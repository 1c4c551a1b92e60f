#include "far_end.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "counting.h"
#include "destinations/kinesis/hash_key.h"

namespace sluice::instructions {
namespace {

constexpr std::uint32_t kShards = 1000;  // Sluice sends a shard no more than AWS takes: with these it never waits
constexpr std::string_view kRecordEnd = R"("PartitionKey":)";

std::string summary() {
  return fmt::format(
      R"({{"StreamDescriptionSummary":{{"StreamName":"flag-events","StreamARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/flag-events",)"
      R"("StreamStatus":"ACTIVE","StreamModeDetails":{{"StreamMode":"PROVISIONED"}},"OpenShardCount":{},"EncryptionType":"NONE"}}}})",
      kShards);
}

// Equal parts of all hash keys.
std::string shards() {
  std::string out = R"({"Shards":[)";
  const kinesis::HashKey width = ~kinesis::HashKey{0} / kShards;
  for (std::uint32_t i = 0; i < kShards; ++i)
    out += fmt::format(
        R"({}{{"ShardId":"shardId-{:012}","HashKeyRange":{{"StartingHashKey":"{}","EndingHashKey":"{}"}}}})",
        i > 0 ? "," : "", i, kinesis::hash_key_text(width * i + (i > 0 ? 1 : 0)),
        kinesis::hash_key_text(i + 1 == kShards ? ~kinesis::HashKey{0} : width * (i + 1)));
  return out + "]}";
}

}  // namespace

std::string FarEnd::put_records(std::string_view body) {
  ++calls_;
  std::string answer = R"({"EncryptionType":"NONE","FailedRecordCount":0,"Records":[)";
  for (std::size_t at = body.find(kRecordEnd); at != body.npos; at = body.find(kRecordEnd, at + 1)) {
    answer += fmt::format(R"({}{{"SequenceNumber":"4965{:052}","ShardId":"shardId-{:012}"}})",
                          answer.back() == '[' ? "" : ",", records_, records_ % kShards);
    ++records_;
  }
  return answer + "]}";
}

void FarEnd::send(http_client::HttpRequest request, std::function<void(http_client::HttpResponse)> done) {
  const Counting counting(false);
  std::string_view target;
  for (const auto& [name, value] : request.headers)
    if (name == "x-amz-target") target = value;
  http_client::HttpResponse response;
  response.status = 200;
  response.headers = {{"x-amzn-requestid", "7c5ab2a2-0d1c-4b3e-a0e6-3a0f1f4e9d11"},
                      {"content-type", "application/x-amz-json-1.1"}};
  if (target == "Kinesis_20131202.PutRecords")
    response.body = put_records(request.body);
  else if (target == "Kinesis_20131202.ListShards")
    response.body = shards();
  else if (target == "Kinesis_20131202.DescribeStreamSummary")
    response.body = summary();
  else
    SLUICE_CHECK(false, "a Kinesis destination makes no other call");
  response.request_body = std::move(request.body);  // as the real one hands it back
  waiting_.push_back({std::move(response), std::move(done)});
}

bool FarEnd::answer() {
  std::vector<Waiting> due;
  due.swap(waiting_);
  for (Waiting& each : due) {
    const Counting counting(true);
    each.done(std::move(each.response));
  }
  return !due.empty();
}

}  // namespace sluice::instructions
