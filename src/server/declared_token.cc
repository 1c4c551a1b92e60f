#include "server/declared_token.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>
#include <utility>

#include "base/hex.h"
#include "base/log.h"
#include "base/random.h"
#include "storage/whole_file.h"

namespace sluice::server {
namespace {

constexpr std::size_t kTokenBytes = 20;
constexpr std::size_t kShortestToken = 16;  // as of admin.token

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest digest_of(std::string_view token) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  return digest;
}

}  // namespace

Result<std::string> declared_token(storage::FileSystem& files, const std::string& data_dir, const std::string& preset) {
  if (!preset.empty()) return preset;
  const std::string path = data_dir + "/" + kDeclaredTokenFile;
  const auto kept = storage::read_whole(files, path);
  if (!kept)
    return fail(
        fmt::format("The access token in {} cannot be read: {}", path, storage::explained(kept.error(), data_dir)));
  if (*kept) {
    std::string token = (*kept)->substr(0, (*kept)->find_last_not_of(" \t\r\n") + 1);
    if (token.size() >= kShortestToken) return token;
  }
  std::array<unsigned char, kTokenBytes> bytes;
  random_secret_bytes(bytes.data(), bytes.size());
  std::string token = "api-" + hex_of(bytes);
  if (auto written = storage::replace_whole(files, path, token + "\n"); !written)
    return fail(fmt::format("The access token cannot be stored in {}: {} Or set admin.token.", path,
                            storage::explained(written.error(), data_dir)));
  log_info("admin.token_created",
           {{"file", path}, {"message", "The access token for /status, /flags and /metrics is in this file."}});
  return token;
}

api::CallerLookup lookup_of(const std::string& token) {
  const api::Caller owner{{}, "admin", api::Role::admin, {}};
  return {[owner, digest = digest_of(token)](std::string_view given) -> std::optional<api::Caller> {
            const Digest other = digest_of(given);
            if (CRYPTO_memcmp(digest.data(), other.data(), digest.size()) != 0) return std::nullopt;
            return owner;
          },
          [owner](ObjectId) { return std::optional(owner); }};
}

}  // namespace sluice::server
