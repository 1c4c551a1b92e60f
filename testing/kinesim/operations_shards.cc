#include <algorithm>
#include <functional>

#include "base/base64.h"
#include "kinesim/operation_context.h"

namespace kinesim {
namespace {

constexpr std::int64_t kMostListed = 1000, kMostAccepted = 10'000;
constexpr std::int64_t kTokenLifeMs = 300'000;

// Where a listing goes on: stream, next shard, filter, and when the token ends.
std::string make_token(const std::string& stream, std::uint32_t next, const Json& filter, std::int64_t now_ms) {
  std::string out;
  sluice::base64_append(out, Json{{"s", stream}, {"n", next}, {"f", filter}, {"e", now_ms + kTokenLifeMs}}.dump());
  return out;
}

ApiResult<std::function<bool(const Shard&)>> make_filter(const OperationContext& context, const Json& filter,
                                                         const Stream& stream) {
  using Accepts = std::function<bool(const Shard&)>;
  if (filter.is_null()) return Accepts([](const Shard&) { return true; });
  const std::string type = filter.value("Type", "");
  const std::int64_t now = context.simulator.now_ms();
  const std::int64_t horizon =
      std::max(stream.created_ms(), now - static_cast<std::int64_t>(stream.settings().retention_hours) * 3'600'000);
  const auto open_at = [](std::int64_t ms) {
    return Accepts(
        [ms](const Shard& shard) { return shard.created_ms <= ms && (shard.open() || shard.closed_ms > ms); });
  };
  const auto since = [](std::int64_t ms) {
    return Accepts([ms](const Shard& shard) { return shard.open() || shard.closed_ms > ms; });
  };
  if (type == "AT_LATEST") return Accepts([](const Shard& shard) { return shard.open(); });
  if (type == "AT_TRIM_HORIZON") return open_at(horizon);
  if (type == "FROM_TRIM_HORIZON") return since(horizon);
  if (type == "AFTER_SHARD_ID") {
    const auto after = parse_shard_id(filter.value("ShardId", ""));
    if (!after) return bad_argument("ShardFilter AFTER_SHARD_ID needs a ShardId.");
    return Accepts([after = *after](const Shard& shard) { return shard.index > after; });
  }
  if (type == "AT_TIMESTAMP" || type == "FROM_TIMESTAMP") {
    if (!filter.contains("Timestamp") || !filter["Timestamp"].is_number())
      return bad_argument("ShardFilter " + type + " needs a Timestamp.");
    const double scale = context.call.cbor ? 1 : 1000;
    const auto ms = static_cast<std::int64_t>(filter["Timestamp"].get<double>() * scale);
    return type == "AT_TIMESTAMP" ? open_at(ms) : since(ms);
  }
  return refuse("ValidationException",
                "1 validation error detected: Value '" + type +
                    "' at 'shardFilter.type' failed to satisfy constraint: Member must satisfy enum "
                    "value set: [AT_LATEST, FROM_TIMESTAMP, AFTER_SHARD_ID, AT_TIMESTAMP, "
                    "FROM_TRIM_HORIZON, AT_TRIM_HORIZON]");
}

// Stream changes are told as UPDATING for a while, as by AWS.
ApiResult<Json> changed(const OperationContext& context, Stream& stream) {
  stream.set_updating_until(context.simulator.now_ms() + context.simulator.settings().create_ms);
  context.simulator.streams_changed();
  return Json();
}

}  // namespace

Json shard_description(const Shard& shard) {
  Json out = {
      {"ShardId", shard_id(shard.index)},
      {"HashKeyRange", {{"StartingHashKey", hash_key_text(shard.low)}, {"EndingHashKey", hash_key_text(shard.high)}}},
      {"SequenceNumberRange", {{"StartingSequenceNumber", SequenceNumber{shard.epoch_us, 0, shard.index}.text()}}}};
  if (!shard.open())
    out["SequenceNumberRange"]["EndingSequenceNumber"] = SequenceNumber{shard.epoch_us, shard.next, shard.index}.text();
  if (shard.parent) out["ParentShardId"] = shard_id(*shard.parent);
  if (shard.adjacent_parent) out["AdjacentParentShardId"] = shard_id(*shard.adjacent_parent);
  return out;
}

ApiResult<Json> list_shards(const OperationContext& context) {
  Json filter = context.input.value("ShardFilter", Json());
  std::uint32_t next = 0;
  std::shared_ptr<Stream> stream;
  if (const std::string token = context.text("NextToken"); !token.empty()) {
    if (context.input.contains("StreamName"))
      return bad_argument("NextToken and StreamName cannot be provided together.");
    const auto text = sluice::base64_decode(token);
    const Json state = text ? Json::parse(*text, nullptr, false) : Json();
    if (!state.is_object()) return bad_argument("NextToken " + token + " is invalid.");
    if (state.value("e", std::int64_t{0}) < context.simulator.now_ms())
      return refuse("ExpiredNextTokenException", "NextToken has expired; it lives for 300 seconds.");
    next = state.value("n", 0u);
    filter = state.value("f", Json());
    const std::string name = state.value("s", "");
    if (const auto ok = context.allowed(context.simulator.stream_arn(name)); !ok) return tl::unexpected(ok.error());
    stream = context.simulator.find_stream(name);
    if (!stream) return no_stream(context.simulator, name);
  } else {
    auto found = context.stream();
    if (!found) return tl::unexpected(found.error());
    stream = std::move(*found);
    if (const auto after = parse_shard_id(context.text("ExclusiveStartShardId"))) next = *after + 1;
  }
  const std::int64_t asked = context.number("MaxResults").value_or(kMostListed);
  if (asked < 1 || asked > kMostAccepted) return bad_argument("MaxResults must be between 1 and 10000.");
  const auto limit = static_cast<std::size_t>(std::min(asked, kMostListed));
  const auto accepts = make_filter(context, filter, *stream);
  if (!accepts) return tl::unexpected(accepts.error());

  Json out = {{"Shards", Json::array()}};
  for (const auto& shard : stream->shards()) {
    if (shard.index < next || !(*accepts)(shard)) continue;
    if (out["Shards"].size() == limit) {
      out["NextToken"] = make_token(stream->name(), shard.index, filter, context.simulator.now_ms());
      break;
    }
    out["Shards"].push_back(shard_description(shard));
  }
  return out;
}

ApiResult<Json> split_shard(const OperationContext& context) {
  const auto stream = context.stream();
  if (!stream) return tl::unexpected(stream.error());
  const auto shard = context.shard(**stream, context.text("ShardToSplit"));
  if (!shard) return tl::unexpected(shard.error());
  HashKey low = 0;
  if (parse_hash_key(context.text("NewStartingHashKey"), low) != HashKeyFault::none)
    return bad_argument("NewStartingHashKey must be a decimal number below 2^128.");
  if (const auto ok = (*stream)->split(*shard, low, context.simulator.now_ms()); !ok)
    return bad_argument(ok.error().message);
  return changed(context, **stream);
}

ApiResult<Json> merge_shards(const OperationContext& context) {
  const auto stream = context.stream();
  if (!stream) return tl::unexpected(stream.error());
  const auto shard = context.shard(**stream, context.text("ShardToMerge"));
  if (!shard) return tl::unexpected(shard.error());
  const auto adjacent = context.shard(**stream, context.text("AdjacentShardToMerge"));
  if (!adjacent) return tl::unexpected(adjacent.error());
  if (const auto ok = (*stream)->merge(*shard, *adjacent, context.simulator.now_ms()); !ok)
    return bad_argument(ok.error().message);
  return changed(context, **stream);
}

ApiResult<Json> update_shard_count(const OperationContext& context) {
  const auto stream = context.stream();
  if (!stream) return tl::unexpected(stream.error());
  const auto shards = (*stream)->shards();
  const auto open = std::count_if(shards.begin(), shards.end(), [](const Shard& shard) { return shard.open(); });
  const std::int64_t target = context.number("TargetShardCount").value_or(0);
  if (target < 1) return bad_argument("TargetShardCount must be at least 1.");
  if (target > 2 * open)
    return refuse("LimitExceededException",
                  "UpdateShardCount cannot scale up over double your current open shard count.");
  if (2 * target < open)
    return refuse("LimitExceededException",
                  "UpdateShardCount cannot scale down below half your current open shard count.");
  (*stream)->set_shard_count(static_cast<std::uint32_t>(target), context.simulator.now_ms());
  if (const auto ok = changed(context, **stream); !ok) return ok;
  return Json{{"StreamName", (*stream)->name()},
              {"StreamARN", context.simulator.stream_arn((*stream)->name())},
              {"CurrentShardCount", open},
              {"TargetShardCount", target}};
}

}  // namespace kinesim
