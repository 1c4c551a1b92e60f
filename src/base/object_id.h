// The 12-byte id that names projects, environments, destinations and events: 4 bytes of seconds since 1970, 5 random
// bytes and a 3-byte counter, written as 24 lower-case hex digits. The same layout as LaunchDarkly's `_id`.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

struct ObjectId {
  static constexpr std::size_t kBytes = 12;
  static constexpr std::size_t kHexDigits = 24;

  std::array<std::uint8_t, kBytes> bytes{};

  // Accepts exactly 24 hex digits of either case.
  static std::optional<ObjectId> parse(std::string_view hex);
  std::string hex() const;
  void write_hex(char* out_24_digits) const;
  bool is_zero() const { return *this == ObjectId{}; }

  auto operator<=>(const ObjectId&) const = default;
};

struct ObjectIdHash {
  std::size_t operator()(const ObjectId& id) const {
    std::uint64_t low;
    std::memcpy(&low, id.bytes.data() + 4, sizeof low);
    return static_cast<std::size_t>(low * 0x9E3779B97F4A7C15ull);
  }
};

// Mints ids that are never the same twice: unique within one minter for 16.7 million ids a second, and between minters
// by 40 random bits. One minter belongs to one thread.
class ObjectIdMinter {
 public:
  explicit ObjectIdMinter(std::uint64_t random_40_bits);
  ObjectId mint(std::int64_t now_ms);

 private:
  std::uint64_t machine_;
  std::uint32_t counter_;
};

}  // namespace sluice
