#include "intake/dedupe.h"

#include <isa-l/crc64.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/hex.h"

namespace sluice::intake {
namespace {

using Uuid = std::array<std::uint8_t, 16>;

// 8-4-4-4-12 hex digits (RFC 9562).
std::optional<Uuid> parse_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid uuid{};
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int digit = hex_value(text[i]);
    if (digit < 0) return std::nullopt;
    std::uint8_t& byte = uuid[digits++ / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | digit);
  }
  return uuid;
}

std::uint64_t crc64(std::uint64_t seed, const void* bytes, std::size_t size) {
  return crc64_ecma_refl(seed, static_cast<const unsigned char*>(bytes), size);
}

}  // namespace

journal::DedupeKey dedupe_key(CredentialKind credential, std::string_view payload_id, std::string_view body) {
  journal::DedupeKey key{};
  if (payload_id.empty()) return key;
  const auto uuid = parse_uuid(payload_id);
  const std::uint64_t seed = static_cast<std::uint64_t>(credential) + 1;
  std::uint64_t id = uuid ? crc64(seed, uuid->data(), uuid->size()) : crc64(seed, payload_id.data(), payload_id.size());
  if (id == 0) id = 1;  // all zero is no key
  const std::uint64_t of_body = crc64(body.size(), body.data(), body.size());
  std::memcpy(key.data(), &id, sizeof id);
  std::memcpy(key.data() + sizeof id, &of_body, sizeof of_body);
  return key;
}

}  // namespace sluice::intake
