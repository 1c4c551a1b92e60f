#include <algorithm>

#include "base/base64.h"
#include "kinesim/operation_context.h"

namespace kinesim {
namespace {

constexpr std::int64_t kMostRecordsRead = 10'000;
constexpr std::size_t kMostBytesRead = 10u << 20;
constexpr std::int64_t kIteratorLifeMs = 300'000;

std::string make_iterator(const std::string& stream, std::uint32_t shard, std::uint64_t next, std::int64_t now_ms) {
  std::string out;
  sluice::base64_append(out, Json{{"s", stream}, {"i", shard}, {"n", next}, {"e", now_ms + kIteratorLifeMs}}.dump());
  return out;
}

// The number that a sequence number has in `shard`; 0 is its start.
std::optional<std::uint64_t> number_in(const Shard& shard, const std::string& text) {
  const auto number = SequenceNumber::parse(text);
  if (!number || number->shard != shard.index || number->epoch_us != shard.epoch_us) return std::nullopt;
  return number->number;
}

std::uint64_t number_at(const Shard& shard, std::int64_t ms) {
  for (const auto& record : shard.stored)
    if (record.arrival_ms >= ms) return record.number;
  return shard.next;
}

Json record_json(const Shard& shard, const StoredRecord& record, bool cbor, bool encrypted) {
  Json out = {{"SequenceNumber", SequenceNumber{shard.epoch_us, record.number, shard.index}.text()},
              {"ApproximateArrivalTimestamp", static_cast<double>(record.arrival_ms) / 1000},
              {"PartitionKey", record.partition_key}};
  if (encrypted) out["EncryptionType"] = "KMS";
  if (cbor) {
    out["Data"] = Json::binary(std::vector<std::uint8_t>(record.data.begin(), record.data.end()));
  } else {
    std::string encoded;
    sluice::base64_append(encoded, record.data);
    out["Data"] = std::move(encoded);
  }
  return out;
}

Json child_shards(const Stream& stream, std::uint32_t parent) {
  Json out = Json::array();
  for (const auto& shard : stream.shards()) {
    if (shard.parent != parent && shard.adjacent_parent != parent) continue;
    Json parents = Json::array({shard_id(*shard.parent)});
    if (shard.adjacent_parent) parents.push_back(shard_id(*shard.adjacent_parent));
    out.push_back({{"ShardId", shard_id(shard.index)},
                   {"ParentShards", std::move(parents)},
                   {"HashKeyRange",
                    {{"StartingHashKey", hash_key_text(shard.low)}, {"EndingHashKey", hash_key_text(shard.high)}}}});
  }
  return out;
}

}  // namespace

ApiResult<Json> get_shard_iterator(const OperationContext& context) {
  const auto stream = context.stream();
  if (!stream) return tl::unexpected(stream.error());
  const auto shard = context.shard(**stream, context.text("ShardId"));
  if (!shard) return tl::unexpected(shard.error());
  const std::string type = context.text("ShardIteratorType");
  const std::string sequence = context.text("StartingSequenceNumber");
  const auto time = context.time_ms("Timestamp");
  if (type == "AT_TIMESTAMP" && !time) return bad_argument("AT_TIMESTAMP needs a Timestamp.");
  std::optional<std::uint64_t> next;
  (*stream)->visit_shard(*shard, [&](const Shard& full) {
    if (type == "TRIM_HORIZON") next = full.trimmed_before;
    if (type == "LATEST") next = full.next;
    if (type == "AT_TIMESTAMP") next = number_at(full, *time);
    if (type == "AT_SEQUENCE_NUMBER") next = number_in(full, sequence);
    if (type == "AFTER_SEQUENCE_NUMBER") {
      next = number_in(full, sequence);
      if (next) ++*next;
    }
  });
  if (!next && (type == "AT_SEQUENCE_NUMBER" || type == "AFTER_SEQUENCE_NUMBER"))
    return bad_argument("StartingSequenceNumber " + sequence + " used in GetShardIterator on shard " +
                        shard_id(*shard) + " in stream " + (*stream)->name() + " under account " +
                        context.simulator.settings().account + " is invalid because it did not come from this stream.");
  if (!next)
    return refuse("ValidationException",
                  "1 validation error detected: Value '" + type +
                      "' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy "
                      "enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, "
                      "AT_SEQUENCE_NUMBER, TRIM_HORIZON]");
  return Json{{"ShardIterator", make_iterator((*stream)->name(), *shard, *next, context.simulator.now_ms())}};
}

ApiResult<Json> get_records(const OperationContext& context) {
  const std::string iterator = context.text("ShardIterator");
  const auto text = sluice::base64_decode(iterator);
  const Json state = text ? Json::parse(*text, nullptr, false) : Json();
  if (!state.is_object() || !state.contains("s")) return bad_argument("Invalid ShardIterator.");
  const std::string name = state.value("s", "");
  const auto index = state.value("i", 0u);
  const auto from = state.value("n", std::uint64_t{0});
  if (const auto ok = context.allowed(context.simulator.stream_arn(name)); !ok) return tl::unexpected(ok.error());
  const std::int64_t now = context.simulator.now_ms();
  if (state.value("e", std::int64_t{0}) < now)
    return refuse(
        "ExpiredIteratorException",
        "Iterator expired. The iterator lives for 5 minutes; the current time is " + std::to_string(now) + ".");
  const auto stream = context.simulator.find_stream(name);
  if (!stream) return no_stream(context.simulator, name);
  const std::int64_t limit = context.number("Limit").value_or(kMostRecordsRead);
  if (limit < 1 || limit > kMostRecordsRead)
    return refuse("ValidationException",
                  "1 validation error detected: Value '" + std::to_string(limit) +
                      "' at 'limit' failed to satisfy constraint: Member must have value less than "
                      "or equal to 10000");

  const bool encrypted = !stream->settings().kms_key_id.empty();
  Json records = Json::array();
  std::int64_t behind_ms = 0;
  std::uint64_t next = from;
  bool ended = false;
  stream->visit_shard(index, [&](const Shard& shard) {
    auto at = std::lower_bound(shard.stored.begin(), shard.stored.end(), from,
                               [](const StoredRecord& record, std::uint64_t number) { return record.number < number; });
    std::size_t bytes = 0;
    for (; at != shard.stored.end() && records.size() < static_cast<std::size_t>(limit); ++at) {
      bytes += at->data.size() + at->partition_key.size();
      if (bytes > kMostBytesRead && !records.empty()) break;
      records.push_back(record_json(shard, *at, context.call.cbor, encrypted));
      next = at->number + 1;
    }
    if (at != shard.stored.end()) behind_ms = std::max<std::int64_t>(0, now - at->arrival_ms);
    if (at == shard.stored.end()) next = std::max(next, shard.next);
    ended = !shard.open() && at == shard.stored.end();
  });
  Json out = {{"Records", std::move(records)}, {"MillisBehindLatest", behind_ms}};
  if (ended)
    out["ChildShards"] = child_shards(*stream, index);
  else
    out["NextShardIterator"] = make_iterator(name, index, next, now);
  return out;
}

}  // namespace kinesim
