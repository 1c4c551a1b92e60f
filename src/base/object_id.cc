#include "base/object_id.h"

#include "base/hex.h"

namespace sluice {
std::optional<ObjectId> ObjectId::parse(std::string_view hex) {
  if (hex.size() != kHexDigits) return std::nullopt;
  ObjectId id;
  for (std::size_t i = 0; i < kBytes; ++i) {
    const int high = hex_value(hex[2 * i]);
    const int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return id;
}

void ObjectId::write_hex(char* out) const {
  for (std::size_t i = 0; i < kBytes; ++i) {
    out[2 * i] = kHexDigitsLower[bytes[i] >> 4];
    out[2 * i + 1] = kHexDigitsLower[bytes[i] & 15];
  }
}

std::string ObjectId::hex() const {
  std::string text(kHexDigits, '0');
  write_hex(text.data());
  return text;
}

ObjectIdMinter::ObjectIdMinter(std::uint64_t random_40_bits)
    : machine_(random_40_bits & 0xFF'FFFF'FFFFull), counter_(static_cast<std::uint32_t>(random_40_bits >> 40)) {}

ObjectId ObjectIdMinter::mint(std::int64_t now_ms) {
  const auto seconds = static_cast<std::uint32_t>(now_ms / 1000);
  const std::uint32_t count = counter_++;
  ObjectId id;
  for (unsigned i = 0; i < 4; ++i) id.bytes[i] = static_cast<std::uint8_t>(seconds >> (24 - 8 * i));
  for (unsigned i = 0; i < 5; ++i) id.bytes[4 + i] = static_cast<std::uint8_t>(machine_ >> (32 - 8 * i));
  for (unsigned i = 0; i < 3; ++i) id.bytes[9 + i] = static_cast<std::uint8_t>(count >> (16 - 8 * i));
  return id;
}

}  // namespace sluice
