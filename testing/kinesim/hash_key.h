// Kinesis's hash keys: 128-bit numbers that place a record in a shard, written in decimal.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kinesim {

__extension__ typedef unsigned __int128 HashKey;

constexpr HashKey kMaxHashKey = ~HashKey{0};

// MD5 of the partition key as a big-endian number.
HashKey hash_of_partition_key(std::string_view partition_key);

enum class HashKeyFault : std::uint8_t { none, not_a_number, out_of_range };
// Accepts what matches 0|([1-9]\d{0,38}) and is below 2^128.
HashKeyFault parse_hash_key(std::string_view decimal, HashKey& out);
std::string hash_key_text(HashKey key);

}  // namespace kinesim
