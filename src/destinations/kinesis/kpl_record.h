// The aggregated record of the Kinesis Producer Library: several events in one record, which KCL, Firehose and AWS's
// deaggregation modules take apart again.
// https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
//
//   F3 89 9A C2 | protobuf AggregatedRecord | MD5 of the protobuf (16 bytes)
//   AggregatedRecord { repeated string partition_key_table = 1; repeated string explicit_hash_key_table = 2;
//                      repeated Record records = 3; }
//   Record           { required uint64 partition_key_index = 1; optional uint64 explicit_hash_key_index = 2;
//                      required bytes data = 3; }
//
// Both tables have one element, and every event refers to it: the partition key of the record that carries them and
// the explicit hash key that it is sent with. KCL drops events whose hash key is outside the shard that it reads; these
// are inside it wherever the record comes to lie, also after a resharding.
#pragma once

#include <cstdint>
#include <string_view>

#include "destinations/kinesis/hash_key.h"
#include "framing/record.h"

namespace sluice::kinesis {

// What one event takes, and what a record takes beside its events, at most: a hash key has up to 39 digits.
std::uint64_t kpl_event_bytes(std::uint64_t line_bytes);
std::uint32_t kpl_fixed_bytes(std::uint32_t key_bytes);

// The exact size of what write_kpl() writes.
std::uint64_t kpl_size(const framing::Record& record, std::string_view partition_key, HashKey hash_key);
// Returns the end. Send it with this partition key and this ExplicitHashKey.
char* write_kpl(char* out, const framing::Record& record, std::string_view partition_key, HashKey hash_key);

}  // namespace sluice::kinesis
