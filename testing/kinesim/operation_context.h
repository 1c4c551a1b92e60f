// What the operations share: reading their input, opening the stream they name. Inside operations*.cc only.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "kinesim/operations.h"

namespace kinesim {

using Json = nlohmann::json;

struct OperationContext {
  Simulator& simulator;
  const OperationCall& call;
  const Json& input;

  // Empty when absent.
  std::string text(const char* name) const;
  std::optional<std::int64_t> number(const char* name) const;
  // Milliseconds, from seconds in JSON and from milliseconds in CBOR.
  std::optional<std::int64_t> time_ms(const char* name) const;
  // The stream that StreamName or StreamARN names, the caller being allowed to do this to it.
  ApiResult<std::shared_ptr<Stream>> stream() const;
  ApiResult<void> allowed(const std::string& arn) const;
  ApiResult<std::uint32_t> shard(const Stream& stream, const std::string& shard_id) const;
};

tl::unexpected<ApiError> no_stream(const Simulator& simulator, std::string_view name);
tl::unexpected<ApiError> bad_argument(std::string message);
Json shard_description(const Shard& shard);

using Operation = ApiResult<Json> (*)(const OperationContext&);

// operations_streams.cc
ApiResult<Json> create_stream(const OperationContext& context);
ApiResult<Json> delete_stream(const OperationContext& context);
ApiResult<Json> list_streams(const OperationContext& context);
ApiResult<Json> describe_stream(const OperationContext& context);
ApiResult<Json> describe_stream_summary(const OperationContext& context);
ApiResult<Json> describe_limits(const OperationContext& context);
ApiResult<Json> update_max_record_size(const OperationContext& context);
ApiResult<Json> change_retention(const OperationContext& context);
ApiResult<Json> start_encryption(const OperationContext& context);
ApiResult<Json> stop_encryption(const OperationContext& context);
// operations_shards.cc
ApiResult<Json> list_shards(const OperationContext& context);
ApiResult<Json> split_shard(const OperationContext& context);
ApiResult<Json> merge_shards(const OperationContext& context);
ApiResult<Json> update_shard_count(const OperationContext& context);
// operations_reading.cc
ApiResult<Json> get_shard_iterator(const OperationContext& context);
ApiResult<Json> get_records(const OperationContext& context);

}  // namespace kinesim
