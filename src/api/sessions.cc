#include "api/sessions.h"

#include <openssl/sha.h>

#include <algorithm>

#include "base/hex.h"
#include "base/random.h"

namespace sluice::api {
namespace {

constexpr std::size_t kIdBytes = 32;

std::string hash_of(std::string_view id) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(id.data()), id.size(), digest);
  return {reinterpret_cast<const char*>(digest), sizeof digest};
}

}  // namespace

std::string Sessions::begin(ObjectId token, std::int64_t now_us) {
  make_room(token, now_us);
  unsigned char bytes[kIdBytes];
  random_secret_bytes(bytes, sizeof bytes);
  std::string id;
  append_hex(id, {reinterpret_cast<const char*>(bytes), sizeof bytes});
  by_hash_[hash_of(id)] = {token, now_us + kSessionSeconds * 1'000'000};
  return id;
}

void Sessions::make_room(ObjectId token, std::int64_t now_us) {
  std::erase_if(by_hash_, [now_us](const auto& session) { return session.second.until_us <= now_us; });
  std::size_t of_token = 0;
  auto oldest = by_hash_.end(), oldest_of_token = by_hash_.end();
  for (auto session = by_hash_.begin(); session != by_hash_.end(); ++session) {
    if (oldest == by_hash_.end() || session->second.until_us < oldest->second.until_us) oldest = session;
    if (session->second.token != token) continue;
    ++of_token;
    if (oldest_of_token == by_hash_.end() || session->second.until_us < oldest_of_token->second.until_us)
      oldest_of_token = session;
  }
  if (of_token >= kMaxSessionsOfToken) {
    by_hash_.erase(oldest_of_token);
  } else if (by_hash_.size() >= kMaxSessions) {
    by_hash_.erase(oldest);
  }
}

std::optional<ObjectId> Sessions::token(std::string_view id, std::int64_t now_us) const {
  const auto found = by_hash_.find(hash_of(id));
  if (found == by_hash_.end() || found->second.until_us <= now_us) return std::nullopt;
  return found->second.token;
}

void Sessions::end(std::string_view id) {
  const auto found = by_hash_.find(hash_of(id));
  if (found != by_hash_.end()) by_hash_.erase(found);
}

}  // namespace sluice::api
