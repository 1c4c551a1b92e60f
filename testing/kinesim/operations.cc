#include "kinesim/operations.h"

#include "kinesim/cbor.h"
#include "kinesim/operation_context.h"
#include "kinesim/wire.h"

namespace kinesim {
namespace {

constexpr std::pair<std::string_view, Operation> kOperations[] = {
    {"CreateStream", create_stream},
    {"DeleteStream", delete_stream},
    {"ListStreams", list_streams},
    {"DescribeStream", describe_stream},
    {"DescribeStreamSummary", describe_stream_summary},
    {"DescribeLimits", describe_limits},
    {"UpdateMaxRecordSize", update_max_record_size},
    {"IncreaseStreamRetentionPeriod", change_retention},
    {"DecreaseStreamRetentionPeriod", change_retention},
    {"StartStreamEncryption", start_encryption},
    {"StopStreamEncryption", stop_encryption},
    {"ListShards", list_shards},
    {"SplitShard", split_shard},
    {"MergeShards", merge_shards},
    {"UpdateShardCount", update_shard_count},
    {"GetShardIterator", get_shard_iterator},
    {"GetRecords", get_records},
};

// Fields named …Timestamp are seconds in JSON, and tag 1 with milliseconds in CBOR.
void write_cbor(CborWriter& writer, const Json& value, bool timestamp) {
  switch (value.type()) {
    case Json::value_t::object:
      writer.map(value.size());
      for (const auto& [name, member] : value.items()) {
        writer.text(name);
        write_cbor(writer, member, name.ends_with("Timestamp"));
      }
      break;
    case Json::value_t::array:
      writer.array(value.size());
      for (const auto& item : value) write_cbor(writer, item, false);
      break;
    case Json::value_t::string:
      writer.text(value.get_ref<const std::string&>());
      break;
    case Json::value_t::binary: {
      const auto& bytes = value.get_binary();
      writer.bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      break;
    }
    case Json::value_t::boolean:
      writer.boolean(value.get<bool>());
      break;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      writer.number(value.get<std::int64_t>());
      break;
    case Json::value_t::number_float:
      if (timestamp)
        writer.time_ms(static_cast<std::int64_t>(value.get<double>() * 1000 + 0.5));
      else
        writer.floating(value.get<double>());
      break;
    default:
      writer.null();
  }
}

Json read_input(const OperationCall& call) {
  if (call.body.empty()) return Json::object();
  if (!call.cbor) return Json::parse(call.body, nullptr, false);
  return Json::from_cbor(call.body, true, false, Json::cbor_tag_handler_t::ignore);
}

ApiResult<void> run(Simulator& simulator, const OperationCall& call, Operation operation, Answer& answer) {
  const Json input = read_input(call);
  if (!input.is_object())
    return refuse("SerializationException", "expected a map of " + std::string(call.name) + "'s fields in the body");
  const OperationContext context{simulator, call, input};
  std::string stream = context.text("StreamName");
  if (stream.empty()) stream = simulator.name_in_arn(context.text("StreamARN"));
  const CallFaults faults = simulator.faults().for_call(call.name, stream, simulator.now_ms(), call.body);
  answer.delay_ms = faults.latency_ms;
  if (faults.error) return tl::unexpected(*faults.error);
  if (faults.reset_before) {
    answer.abort = true;
    return {};
  }
  const auto result = operation(context);
  if (!result) return tl::unexpected(result.error());
  if (call.cbor && !result->is_null()) {
    CborWriter writer(answer.body);
    write_cbor(writer, *result, false);
  } else if (!result->is_null()) {
    answer.body = result->dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  answer.abort = faults.reset_after || faults.truncate;
  if (faults.reset_after) answer.body.clear();
  if (faults.garbage) answer.body = "<html><body><h1>502 Bad Gateway</h1></body></html>";
  return {};
}

}  // namespace

std::string OperationContext::text(const char* name) const {
  const auto found = input.find(name);
  return found != input.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<std::int64_t> OperationContext::number(const char* name) const {
  const auto found = input.find(name);
  if (found == input.end() || !found->is_number()) return std::nullopt;
  return found->get<std::int64_t>();
}

std::optional<std::int64_t> OperationContext::time_ms(const char* name) const {
  const auto found = input.find(name);
  if (found == input.end() || !found->is_number()) return std::nullopt;
  return call.cbor ? found->get<std::int64_t>() : static_cast<std::int64_t>(found->get<double>() * 1000 + 0.5);
}

ApiResult<void> OperationContext::allowed(const std::string& arn) const {
  return authorize(call.principal, "kinesis:" + std::string(call.name), arn);
}

ApiResult<std::shared_ptr<Stream>> OperationContext::stream() const {
  std::string name = text("StreamName");
  std::string arn = text("StreamARN");
  if (name.empty() && arn.empty()) return bad_argument("StreamARN or StreamName must be provided.");
  if (arn.empty())
    arn = simulator.stream_arn(name);
  else
    name = simulator.name_in_arn(arn);
  if (const auto ok = allowed(arn); !ok) return tl::unexpected(ok.error());
  auto found = simulator.find_stream(name);
  if (!found) return no_stream(simulator, name.empty() ? arn : name);
  return found;
}

ApiResult<std::uint32_t> OperationContext::shard(const Stream& stream, const std::string& id) const {
  const auto index = parse_shard_id(id);
  if (!index || *index >= stream.shards().size())
    return refuse("ResourceNotFoundException", "Could not find shard " + id + " in stream " + stream.name() +
                                                   " under account " + simulator.settings().account + ".");
  return *index;
}

tl::unexpected<ApiError> no_stream(const Simulator& simulator, std::string_view name) {
  return refuse("ResourceNotFoundException",
                "Stream " + std::string(name) + " under account " + simulator.settings().account + " not found.");
}

tl::unexpected<ApiError> bad_argument(std::string message) {
  return refuse("InvalidArgumentException", std::move(message));
}

ApiResult<void> run_operation(Simulator& simulator, const OperationCall& call, Answer& answer) {
  for (const auto& [name, operation] : kOperations)
    if (name == call.name) return run(simulator, call, operation, answer);
  return refuse("UnknownOperationException", "kinesim has no operation " + std::string(call.name) + ".");
}

}  // namespace kinesim
