// Hexadecimal digits: the one reader and the one writer. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

inline constexpr std::string_view kHexDigitsLower = "0123456789abcdef", kHexDigitsUpper = "0123456789ABCDEF";

// The value of a digit of either case; -1: not a hexadecimal digit.
constexpr int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// Two lower-case digits a byte.
void append_hex(std::string& out, std::string_view bytes);
std::string hex_of(std::string_view bytes);
// Any container of bytes.
template <typename Bytes>
std::string hex_of(const Bytes& bytes) {
  return hex_of(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

// Digits of either case, two a byte. Nothing for an odd number of digits, or for a character that is not a digit.
std::optional<std::string> bytes_of_hex(std::string_view digits);

}  // namespace sluice
