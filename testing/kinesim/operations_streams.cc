#include <algorithm>

#include "kinesim/operation_context.h"

namespace kinesim {
namespace {

constexpr std::uint32_t kMostShards = 10'000;

bool valid_stream_name(const std::string& name) {
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
  });
}

ApiResult<void> check_active(const OperationContext& context, const Stream& stream) {
  const auto status = stream.status(context.simulator.now_ms());
  if (status == StreamStatus::active) return {};
  return refuse("ResourceInUseException", "Stream " + stream.name() + " under account " +
                                              context.simulator.settings().account + " not ACTIVE, instead in state " +
                                              stream_status_text(status));
}

double seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

Json common_description(const OperationContext& context, const Stream& stream) {
  const StreamSettings settings = stream.settings();
  Json out = {
      {"StreamName", settings.name},
      {"StreamARN", context.simulator.stream_arn(settings.name)},
      {"StreamStatus", stream_status_text(stream.status(context.simulator.now_ms()))},
      {"StreamModeDetails", {{"StreamMode", settings.on_demand ? "ON_DEMAND" : "PROVISIONED"}}},
      {"RetentionPeriodHours", settings.retention_hours},
      {"StreamCreationTimestamp", seconds(stream.created_ms())},
      {"EnhancedMonitoring", Json::array({{{"ShardLevelMetrics", Json::array()}}})},
      {"EncryptionType", settings.kms_key_id.empty() ? "NONE" : "KMS"},
  };
  if (!settings.kms_key_id.empty()) out["KeyId"] = settings.kms_key_id;
  return out;
}

std::size_t open_shards(const Stream& stream) {
  const auto shards = stream.shards();
  return static_cast<std::size_t>(
      std::count_if(shards.begin(), shards.end(), [](const Shard& shard) { return shard.open(); }));
}

}  // namespace

ApiResult<Json> create_stream(const OperationContext& context) {
  StreamSettings settings;
  settings.name = context.text("StreamName");
  settings.limits = context.simulator.settings().limits;
  if (!valid_stream_name(settings.name))
    return refuse("ValidationException",
                  "1 validation error detected: Value '" + settings.name +
                      "' at 'streamName' failed to satisfy constraint: Member must satisfy regular "
                      "expression pattern: [a-zA-Z0-9_.-]+");
  if (const auto ok = context.allowed(context.simulator.stream_arn(settings.name)); !ok)
    return tl::unexpected(ok.error());
  const Json mode = context.input.value("StreamModeDetails", Json::object());
  settings.on_demand = mode.is_object() && mode.value("StreamMode", "") == "ON_DEMAND";
  const std::int64_t shards = context.number("ShardCount").value_or(settings.on_demand ? 4 : 0);
  if (shards < 1 || shards > kMostShards)
    return refuse("ValidationException", "1 validation error detected: Value '" + std::to_string(shards) +
                                             "' at 'shardCount' failed to satisfy constraint: Member must have value "
                                             "greater than or equal to 1");
  settings.shards = static_cast<std::uint32_t>(shards);
  const std::int64_t max_kib = context.number("MaxRecordSizeInKiB").value_or(1024);
  if (max_kib < 1024 || max_kib > 10240)
    return refuse("ValidationException", "1 validation error detected: Value '" + std::to_string(max_kib) +
                                             "' at 'maxRecordSizeInKiB' failed to satisfy constraint: Member must have "
                                             "value between 1024 and 10240");
  settings.max_record_kib = static_cast<std::uint32_t>(max_kib);
  if (!context.simulator.create_stream(settings, context.simulator.settings().create_ms))
    return refuse("ResourceInUseException", "Stream " + settings.name + " under account " +
                                                context.simulator.settings().account + " already exists.");
  return Json();
}

ApiResult<Json> delete_stream(const OperationContext& context) {
  const auto stream = context.stream();
  if (!stream) return tl::unexpected(stream.error());
  context.simulator.remove_stream((*stream)->name());
  return Json();
}

ApiResult<Json> list_streams(const OperationContext& context) {
  if (const auto ok = context.allowed("*"); !ok) return tl::unexpected(ok.error());
  const std::string after =
      context.text("NextToken").empty() ? context.text("ExclusiveStartStreamName") : context.text("NextToken");
  const auto limit =
      static_cast<std::size_t>(std::clamp<std::int64_t>(context.number("Limit").value_or(100), 1, 10'000));
  Json names = Json::array(), summaries = Json::array();
  bool more = false;
  for (const auto& stream : context.simulator.streams()) {
    if (stream->name() <= after) continue;
    if (names.size() == limit) {
      more = true;
      break;
    }
    names.push_back(stream->name());
    Json summary = common_description(context, *stream);
    for (const char* field : {"RetentionPeriodHours", "EnhancedMonitoring", "EncryptionType", "KeyId"})
      summary.erase(field);
    summaries.push_back(std::move(summary));
  }
  Json out = {{"StreamNames", names}, {"StreamSummaries", summaries}, {"HasMoreStreams", more}};
  if (more) out["NextToken"] = names.back();
  return out;
}

ApiResult<Json> describe_stream_summary(const OperationContext& context) {
  const auto stream = context.stream();
  if (!stream) return tl::unexpected(stream.error());
  Json summary = common_description(context, **stream);
  summary["OpenShardCount"] = open_shards(**stream);
  summary["ConsumerCount"] = 0;
  summary["MaxRecordSizeInKiB"] = (*stream)->settings().max_record_kib;
  return Json{{"StreamDescriptionSummary", std::move(summary)}};
}

ApiResult<Json> describe_stream(const OperationContext& context) {
  const auto stream = context.stream();
  if (!stream) return tl::unexpected(stream.error());
  Json description = common_description(context, **stream);
  const auto limit =
      static_cast<std::size_t>(std::clamp<std::int64_t>(context.number("Limit").value_or(100), 1, 10'000));
  const auto after = parse_shard_id(context.text("ExclusiveStartShardId"));
  Json shards = Json::array();
  bool more = false;
  if ((*stream)->status(context.simulator.now_ms()) != StreamStatus::creating) {
    for (const auto& shard : (*stream)->shards()) {
      if (after && shard.index <= *after) continue;
      more = shards.size() == limit;
      if (more) break;
      shards.push_back(shard_description(shard));
    }
  }
  description["Shards"] = std::move(shards);
  description["HasMoreShards"] = more;
  return Json{{"StreamDescription", std::move(description)}};
}

ApiResult<Json> describe_limits(const OperationContext& context) {
  if (const auto ok = context.allowed("*"); !ok) return tl::unexpected(ok.error());
  std::size_t shards = 0, on_demand = 0;
  for (const auto& stream : context.simulator.streams()) {
    shards += open_shards(*stream);
    on_demand += stream->settings().on_demand ? 1u : 0u;
  }
  return Json{{"ShardLimit", kMostShards},
              {"OpenShardCount", shards},
              {"OnDemandStreamCount", on_demand},
              {"OnDemandStreamCountLimit", 50}};
}

ApiResult<Json> update_max_record_size(const OperationContext& context) {
  const auto stream = context.stream();
  if (!stream) return tl::unexpected(stream.error());
  const std::int64_t max_kib = context.number("MaxRecordSizeInKiB").value_or(0);
  if (max_kib < 1024 || max_kib > 10240)
    return refuse("ValidationException", "1 validation error detected: Value '" + std::to_string(max_kib) +
                                             "' at 'maxRecordSizeInKiB' failed to satisfy constraint: Member must have "
                                             "value between 1024 and 10240");
  if (const auto active = check_active(context, **stream); !active) return tl::unexpected(active.error());
  StreamSettings settings = (*stream)->settings();
  settings.max_record_kib = static_cast<std::uint32_t>(max_kib);
  (*stream)->set_settings(settings);
  context.simulator.streams_changed();
  return Json();
}

ApiResult<Json> change_retention(const OperationContext& context) {
  const auto stream = context.stream();
  if (!stream) return tl::unexpected(stream.error());
  const std::int64_t hours = context.number("RetentionPeriodHours").value_or(0);
  if (hours < 24 || hours > 8760) return bad_argument("RetentionPeriodHours must be between 24 and 8760.");
  StreamSettings settings = (*stream)->settings();
  const bool increase = context.call.name == "IncreaseStreamRetentionPeriod";
  if (increase ? hours < settings.retention_hours : hours > settings.retention_hours)
    return bad_argument("Requested retention period (" + std::to_string(hours) + " hours) for stream " + settings.name +
                        " can not be " + (increase ? "shorter" : "longer") + " than existing retention period (" +
                        std::to_string(settings.retention_hours) + " hours).");
  settings.retention_hours = static_cast<std::uint32_t>(hours);
  (*stream)->set_settings(settings);
  context.simulator.streams_changed();
  return Json();
}

ApiResult<Json> start_encryption(const OperationContext& context) {
  const auto stream = context.stream();
  if (!stream) return tl::unexpected(stream.error());
  StreamSettings settings = (*stream)->settings();
  settings.kms_key_id = context.text("KeyId");
  if (settings.kms_key_id.empty()) return bad_argument("KeyId must be provided.");
  (*stream)->set_settings(settings);
  context.simulator.streams_changed();
  return Json();
}

ApiResult<Json> stop_encryption(const OperationContext& context) {
  const auto stream = context.stream();
  if (!stream) return tl::unexpected(stream.error());
  StreamSettings settings = (*stream)->settings();
  settings.kms_key_id.clear();
  (*stream)->set_settings(settings);
  context.simulator.streams_changed();
  return Json();
}

}  // namespace kinesim
