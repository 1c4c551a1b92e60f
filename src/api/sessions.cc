#include "api/sessions.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <charconv>

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

std::string Sessions::begin(ObjectId token, std::int64_t now_ms) {
  make_room(token, now_ms);
  unsigned char bytes[kIdBytes];
  random_secret_bytes(bytes, sizeof bytes);
  std::string id;
  append_hex(id, {reinterpret_cast<const char*>(bytes), sizeof bytes});
  by_hash_[hash_of(id)] = {token, now_ms + kSessionSeconds * 1'000};
  return id;
}

void Sessions::make_room(ObjectId token, std::int64_t now_ms) {
  std::erase_if(by_hash_, [now_ms](const auto& session) { return session.second.until_ms <= now_ms; });
  std::size_t of_token = 0;
  auto oldest = by_hash_.end(), oldest_of_token = by_hash_.end();
  for (auto session = by_hash_.begin(); session != by_hash_.end(); ++session) {
    if (oldest == by_hash_.end() || session->second.until_ms < oldest->second.until_ms) oldest = session;
    if (session->second.token != token) continue;
    ++of_token;
    if (oldest_of_token == by_hash_.end() || session->second.until_ms < oldest_of_token->second.until_ms)
      oldest_of_token = session;
  }
  if (of_token >= kMaxSessionsOfToken) {
    by_hash_.erase(oldest_of_token);
  } else if (by_hash_.size() >= kMaxSessions) {
    by_hash_.erase(oldest);
  }
}

std::optional<ObjectId> Sessions::token(std::string_view id, std::int64_t now_ms) const {
  const auto found = by_hash_.find(hash_of(id));
  if (found == by_hash_.end() || found->second.until_ms <= now_ms) return std::nullopt;
  return found->second.token;
}

std::string Sessions::text() const {
  std::string out;
  for (const auto& [hash, session] : by_hash_)
    out += fmt::format("{} {} {}\n", hex_of(hash), session.token.hex(), session.until_ms);
  return out;
}

void Sessions::read(std::string_view text, std::int64_t now_ms) {
  constexpr std::size_t kHashDigits = 2 * SHA256_DIGEST_LENGTH;
  constexpr std::size_t kTokenAt = kHashDigits + 1, kUntilAt = kTokenAt + ObjectId::kHexDigits + 1;
  while (!text.empty() && by_hash_.size() < kMaxSessions) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.size() <= kUntilAt) continue;
    const auto hash = bytes_of_hex(line.substr(0, kHashDigits));
    const auto token = ObjectId::parse(line.substr(kTokenAt, ObjectId::kHexDigits));
    Session session;
    const bool read =
        std::from_chars(line.data() + kUntilAt, line.data() + line.size(), session.until_ms).ec == std::errc();
    // A clock that was set back gives no session more than its time.
    if (!hash || !token || !read || session.until_ms <= now_ms || session.until_ms > now_ms + kSessionSeconds * 1'000)
      continue;
    session.token = *token;
    by_hash_[*hash] = session;
  }
}

bool Sessions::end(std::string_view id) {
  const auto found = by_hash_.find(hash_of(id));
  if (found == by_hash_.end()) return false;
  by_hash_.erase(found);
  return true;
}

}  // namespace sluice::api
