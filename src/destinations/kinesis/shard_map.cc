#include "destinations/kinesis/shard_map.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

namespace sluice::kinesis {
namespace {

using nlohmann::json;

std::string text(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

}  // namespace

Result<ShardPage> parse_list_shards(std::string_view body) {
  const json answer = json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("Shards") || !answer["Shards"].is_array())
    return fail("expected ListShards' answer with \"Shards\"");
  ShardPage page;
  for (const json& each : answer["Shards"]) {
    if (!each.is_object() || !each.contains("HashKeyRange") || !each["HashKeyRange"].is_object())
      return fail("expected a shard with \"HashKeyRange\" in ListShards' answer");
    const json& range = each["HashKeyRange"];
    const auto first = parse_hash_key(text(range, "StartingHashKey"));
    const auto last = parse_hash_key(text(range, "EndingHashKey"));
    std::string id = text(each, "ShardId");
    if (!first || !last || *last < *first || id.empty())
      return fail("expected a shard with an id and a range of 128-bit numbers in ListShards' answer, got " +
                  each.dump(-1, ' ', true, json::error_handler_t::replace).substr(0, 200));
    page.shards.push_back({std::move(id), *first, *last});
  }
  page.next_token = text(answer, "NextToken");
  return page;
}

Result<StreamSummary> parse_stream_summary(std::string_view body) {
  const json answer = json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("StreamDescriptionSummary") ||
      !answer["StreamDescriptionSummary"].is_object())
    return fail("expected DescribeStreamSummary's answer with \"StreamDescriptionSummary\"");
  const json& described = answer["StreamDescriptionSummary"];
  StreamSummary summary;
  summary.status = text(described, "StreamStatus");
  summary.arn = text(described, "StreamARN");
  if (const auto mode = described.find("StreamModeDetails"); mode != described.end() && mode->is_object())
    summary.on_demand = text(*mode, "StreamMode") == "ON_DEMAND";
  summary.open_shards =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(number(described, "OpenShardCount"), UINT32_MAX));
  if (text(described, "EncryptionType") == "KMS") summary.key_id = text(described, "KeyId");
  summary.max_record_bytes = std::min<std::uint64_t>(number(described, "MaxRecordSizeInKiB"), 1u << 20) * 1024;
  return summary;
}

ShardMap::ShardMap(std::vector<Shard> shards) : shards_(std::move(shards)), by_id_(shards_.size()) {
  std::sort(shards_.begin(), shards_.end(), [](const Shard& a, const Shard& b) { return a.first < b.first; });
  std::iota(by_id_.begin(), by_id_.end(), 0u);
  std::sort(by_id_.begin(), by_id_.end(),
            [this](std::uint32_t a, std::uint32_t b) { return shards_[a].id < shards_[b].id; });
}

std::uint32_t ShardMap::index_of(std::string_view id) const {
  const auto at = std::lower_bound(by_id_.begin(), by_id_.end(), id,
                                   [this](std::uint32_t a, std::string_view wanted) { return shards_[a].id < wanted; });
  return at != by_id_.end() && shards_[*at].id == id ? *at : kNoShard;
}

std::string_view shard_named_in(std::string_view message) {
  const auto at = message.find("shardId-");
  if (at == std::string_view::npos) return {};
  const std::string_view rest = message.substr(at);
  const auto end = rest.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
  return rest.substr(0, end);
}

}  // namespace sluice::kinesis
