#include "kinesim/hash_key.h"

#include <algorithm>

#include "kinesim/digest.h"

namespace kinesim {

HashKey hash_of_partition_key(std::string_view partition_key) {
  HashKey key = 0;
  for (const std::uint8_t byte : md5(partition_key)) key = (key << 8) | byte;
  return key;
}

HashKeyFault parse_hash_key(std::string_view decimal, HashKey& out) {
  if (decimal.empty() || decimal.size() > 39 || (decimal.size() > 1 && decimal[0] == '0'))
    return HashKeyFault::not_a_number;
  HashKey key = 0;
  for (const char c : decimal) {
    if (c < '0' || c > '9') return HashKeyFault::not_a_number;
    const HashKey digit = static_cast<HashKey>(c - '0');
    if (key > (kMaxHashKey - digit) / 10) return HashKeyFault::out_of_range;
    key = key * 10 + digit;
  }
  out = key;
  return HashKeyFault::none;
}

std::string hash_key_text(HashKey key) {
  std::string out;
  do {
    out += static_cast<char>('0' + static_cast<int>(key % 10));
    key /= 10;
  } while (key != 0);
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace kinesim
