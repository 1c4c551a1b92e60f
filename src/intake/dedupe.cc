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

std::uint64_t hash_of_id(CredentialKind credential, std::string_view payload_id) {
  const auto uuid = parse_uuid(payload_id);
  const std::uint64_t seed = static_cast<std::uint64_t>(credential) + 1;
  return uuid ? crc64(seed, uuid->data(), uuid->size()) : crc64(seed, payload_id.data(), payload_id.size());
}

journal::DedupeKey key_of(std::uint64_t id, std::uint64_t content) {
  journal::DedupeKey key{};
  if (id == 0) id = 1;  // all zero is no key
  std::memcpy(key.data(), &id, sizeof id);
  std::memcpy(key.data() + sizeof id, &content, sizeof content);
  return key;
}

}  // namespace

journal::DedupeKey dedupe_key(CredentialKind credential, std::string_view payload_id, std::string_view body) {
  if (payload_id.empty()) return {};
  return key_of(hash_of_id(credential, payload_id), crc64(body.size(), body.data(), body.size()));
}

journal::DedupeKey dedupe_key(CredentialKind credential, std::string_view payload_id, std::string_view body,
                              const PartOfPayload& part) {
  if (payload_id.empty()) return {};
  const std::uint64_t number = part.number;
  const std::uint64_t of_body = crc64(body.size(), body.data(), body.size());
  return key_of(crc64(hash_of_id(credential, payload_id), &number, sizeof number),
                crc64(of_body, part.events.data(), part.events.size()));
}

}  // namespace sluice::intake
