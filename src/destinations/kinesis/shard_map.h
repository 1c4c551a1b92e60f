// The open shards of a stream and the stream's own properties, as ListShards and DescribeStreamSummary return them.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "destinations/kinesis/hash_key.h"
#include "destinations/send_queue.h"

namespace sluice::kinesis {

inline constexpr std::uint32_t kNoShard = destinations::kNoLane;

struct Shard {
  std::string id;  // "shardId-000000000012"
  HashKey first = 0, last = 0;
  bool operator==(const Shard&) const = default;
};

struct ShardPage {
  std::vector<Shard> shards;
  std::string next_token;  // empty: the last page
};
Result<ShardPage> parse_list_shards(std::string_view body);

struct StreamSummary {
  std::string status;  // "ACTIVE", "CREATING", "DELETING", "UPDATING"
  std::string arn;
  bool on_demand = false;
  std::uint32_t open_shards = 0;
  std::string key_id;                  // of the encryption; empty: none
  std::uint64_t max_record_bytes = 0;  // 0: not given
};
Result<StreamSummary> parse_stream_summary(std::string_view body);

// Sorted by hash key. Shards that leave gaps or overlap, as they may while a stream is resharded, are used as given.
class ShardMap {
 public:
  ShardMap() = default;
  explicit ShardMap(std::vector<Shard> shards);
  std::size_t size() const { return shards_.size(); }
  const Shard& operator[](std::size_t index) const { return shards_[index]; }
  // kNoShard when it is not among them.
  std::uint32_t index_of(std::string_view id) const;
  bool operator==(const ShardMap& other) const { return shards_ == other.shards_; }

 private:
  std::vector<Shard> shards_;
  std::vector<std::uint32_t> by_id_;
};

// "… for shard shardId-000000000001 in stream …" → "shardId-000000000001"; empty when none is named.
std::string_view shard_named_in(std::string_view message);

}  // namespace sluice::kinesis
