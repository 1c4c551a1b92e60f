// The 128-bit numbers by which Kinesis assigns records to shards: decimal in the API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::kinesis {

__extension__ using HashKey = unsigned __int128;

inline constexpr std::size_t kMaxHashKeyDigits = 39;

// 0..2^128-1 without leading zeros; nothing for any other text.
std::optional<HashKey> parse_hash_key(std::string_view decimal);
// Writes up to kMaxHashKeyDigits digits; returns the end.
char* write_hash_key(char* out, HashKey key);
std::string hash_key_text(HashKey key);

}  // namespace sluice::kinesis
