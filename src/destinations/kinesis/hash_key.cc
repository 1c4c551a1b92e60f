#include "destinations/kinesis/hash_key.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace sluice::kinesis {
namespace {

constexpr std::uint64_t kChunk = 10'000'000'000'000'000'000u;
constexpr std::ptrdiff_t kChunkDigits = 19;

// With leading zeros.
char* write_chunk(char* out, std::uint64_t number) {
  char digits[kChunkDigits];
  const std::ptrdiff_t length = std::to_chars(digits, digits + kChunkDigits, number).ptr - digits;
  out = std::fill_n(out, kChunkDigits - length, '0');
  return std::copy_n(digits, length, out);
}

}  // namespace

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
  // Nineteen digits at a time, with one 128-bit division, which is slow: at most three times kChunk is left of it.
  if (key < kChunk) return std::to_chars(out, out + kChunkDigits, static_cast<std::uint64_t>(key)).ptr;
  HashKey high = key / kChunk;
  const auto low = static_cast<std::uint64_t>(key - high * kChunk);
  if (high >= kChunk) {
    char top = '0';
    for (; high >= kChunk; high -= kChunk) ++top;
    *out++ = top;
    out = write_chunk(out, static_cast<std::uint64_t>(high));
  } else {
    out = std::to_chars(out, out + kChunkDigits, static_cast<std::uint64_t>(high)).ptr;
  }
  return write_chunk(out, low);
}

std::string hash_key_text(HashKey key) {
  char digits[kMaxHashKeyDigits];
  return {digits, write_hash_key(digits, key)};
}

}  // namespace sluice::kinesis
