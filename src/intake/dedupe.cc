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

journal::DedupeKey key_of(std::uint64_t id, std::uint64_t content, bool is_public) {
  journal::DedupeKey key{};
  id = (id & ~std::uint64_t{1}) | (is_public ? 1 : 0);
  if (id == 0) id = 2;  // all zero is no key
  std::memcpy(key.data(), &id, sizeof id);
  std::memcpy(key.data() + sizeof id, &content, sizeof content);
  return key;
}

}  // namespace

journal::DedupeKey dedupe_key(CredentialKind credential, std::string_view payload_id, std::string_view body) {
  if (payload_id.empty()) return {};
  const auto uuid = parse_uuid(payload_id);
  const std::uint64_t seed = static_cast<std::uint64_t>(credential) + 1;
  const std::uint64_t id =
      uuid ? crc64(seed, uuid->data(), uuid->size()) : crc64(seed, payload_id.data(), payload_id.size());
  return key_of(id, crc64(body.size(), body.data(), body.size()), credential != CredentialKind::sdk_key);
}

journal::DedupeKey dedupe_key_of_part(const journal::DedupeKey& payload, std::size_t number, std::string_view events) {
  if (payload == journal::DedupeKey{}) return payload;
  std::uint64_t id = 0, content = 0;
  std::memcpy(&id, payload.data(), sizeof id);
  std::memcpy(&content, payload.data() + sizeof id, sizeof content);
  const std::uint64_t place = number;
  return key_of(crc64(id, &place, sizeof place), crc64(content, events.data(), events.size()),
                journal::is_public(payload));
}

}  // namespace sluice::intake
