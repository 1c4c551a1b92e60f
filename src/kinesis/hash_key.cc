#include "kinesis/hash_key.h"

#include <algorithm>

namespace sluice::kinesis {

std::optional<HashKey> parse_hash_key(std::string_view decimal) {
  if (decimal.empty() || decimal.size() > kMaxHashKeyDigits || (decimal.size() > 1 && decimal[0] == '0'))
    return std::nullopt;
  constexpr HashKey kMost = ~HashKey{0};
  HashKey key = 0;
  for (const char c : decimal) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<HashKey>(c - '0');
    if (key > (kMost - digit) / 10) return std::nullopt;
    key = key * 10 + digit;
  }
  return key;
}

char* write_hash_key(char* out, HashKey key) {
  // Nineteen digits at a time: 128-bit divisions are slow.
  constexpr std::uint64_t kChunk = 10'000'000'000'000'000'000u;
  char digits[kMaxHashKeyDigits + 1];
  char* const end = digits + sizeof digits;
  char* at = end;
  while (key >= kChunk) {
    auto low = static_cast<std::uint64_t>(key % kChunk);
    key /= kChunk;
    for (int i = 0; i < 19; ++i, low /= 10) *--at = static_cast<char>('0' + low % 10);
  }
  auto rest = static_cast<std::uint64_t>(key);
  do {
    *--at = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  return std::copy(at, end, out);
}

std::string hash_key_text(HashKey key) {
  char digits[kMaxHashKeyDigits];
  return {digits, write_hash_key(digits, key)};
}

}  // namespace sluice::kinesis
