#include "intake/dedupe.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"
#include "base/hex.h"

namespace sluice::intake {
namespace {

// 8-4-4-4-12 hex digits (RFC 9562).
std::optional<journal::DedupeKey> parse_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  journal::DedupeKey key{};
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int digit = hex_value(text[i]);
    if (digit < 0) return std::nullopt;
    std::uint8_t& byte = key[digits++ / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | digit);
  }
  return key;
}

}  // namespace

journal::DedupeKey dedupe_key(std::string_view payload_id) {
  journal::DedupeKey key{};
  if (payload_id.empty()) return key;
  if (const auto uuid = parse_uuid(payload_id)) return *uuid;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  SLUICE_CHECK(EVP_Digest(payload_id.data(), payload_id.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1,
               "SHA-256 of a short text does not fail");
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

}  // namespace sluice::intake
