#include "api/access_tokens.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/audit.h"
#include "base/random.h"

namespace sluice {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 3> kRoleNames = {"reader", "writer", "admin"};
constexpr std::size_t kTokenBytes = 20;

std::string hex(const unsigned char* bytes, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += fmt::format("{:02x}", bytes[i]);
  return out;
}

std::string hash_of(std::string_view token) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest);
  return hex(digest, sizeof digest);
}

std::string new_token() {
  unsigned char bytes[kTokenBytes];
  random_secret_bytes(bytes, sizeof bytes);
  return "api-" + hex(bytes, sizeof bytes);
}

}  // namespace

std::string_view role_name(Role role) { return kRoleNames[static_cast<std::size_t>(role)]; }

std::optional<Role> role_named(std::string_view name) {
  const auto found = std::find(kRoleNames.begin(), kRoleNames.end(), name);
  if (found == kRoleNames.end()) return std::nullopt;
  return static_cast<Role>(found - kRoleNames.begin());
}

Result<std::unique_ptr<AccessTokens>> AccessTokens::open(CatalogStore& store, const Clock& clock,
                                                         std::string_view preset) {
  std::unique_ptr<AccessTokens> tokens(new AccessTokens(store, clock));
  const auto documents = store.list(DocumentKind::token);
  if (!documents) return fail(documents.error().message);
  for (const Document& document : *documents) {
    const json read = json::parse(document.json, nullptr, false);
    const auto id = ObjectId::parse(document.id);
    const auto role = read.is_object() ? role_named(read.value("role", "")) : std::nullopt;
    if (!id || !role) return fail(fmt::format("The catalog's token {} is damaged. Restore a backup.", document.id));
    tokens->tokens_.push_back({*id, read.value("name", ""), *role, read.value("hash", ""), read.value("lastFour", ""),
                               read.value("made", std::int64_t{0}), document.revision});
  }
  const bool has_admin = std::any_of(tokens->tokens_.begin(), tokens->tokens_.end(),
                                     [](const AccessToken& token) { return token.role == Role::admin; });
  const bool known = !preset.empty() && tokens->caller(preset).has_value();
  if ((preset.empty() && has_admin) || known) return tokens;
  const std::string token = preset.empty() ? new_token() : std::string(preset);
  const AuditEntry audit = audit_entry(clock.wall_ms(), {{}, "the server", Role::admin}, "createAccessToken", "token/*",
                                       preset.empty() ? "made the first admin token at the first start"
                                                      : "took up the admin token of SLUICE_ADMIN_TOKEN");
  if (const auto made = tokens->keep(preset.empty() ? "first admin" : "SLUICE_ADMIN_TOKEN", Role::admin, token, audit);
      !made)
    return fail(made.error().message);
  if (preset.empty()) tokens->first_token_ = token;
  return tokens;
}

std::optional<Caller> AccessTokens::caller(std::string_view token) const {
  const std::string hash = hash_of(token);
  std::optional<Caller> found;
  const std::lock_guard lock(mutex_);
  for (const AccessToken& known : tokens_)
    if (known.hash.size() == hash.size() && CRYPTO_memcmp(known.hash.data(), hash.data(), hash.size()) == 0)
      found = Caller{known.id, known.name, known.role};
  return found;
}

std::vector<AccessToken> AccessTokens::list() const {
  const std::lock_guard lock(mutex_);
  return tokens_;
}

StoreResult<AccessToken> AccessTokens::keep(std::string name, Role role, std::string_view token,
                                            const AuditEntry& audit) {
  AccessToken made{new_object_id(clock_.wall_ms()),
                   std::move(name),
                   role,
                   hash_of(token),
                   std::string(token.substr(token.size() < 4 ? 0 : token.size() - 4)),
                   clock_.wall_ms(),
                   1};
  const json document = {{"name", made.name},
                         {"role", role_name(role)},
                         {"hash", made.hash},
                         {"lastFour", made.last_four},
                         {"made", made.made_ms}};
  const std::string text = document.dump(-1, ' ', false, json::error_handler_t::replace);
  if (auto kept = store_.commit({{{DocumentKind::token, made.id.hex(), 0, text}, 0, false}}, audit); !kept)
    return tl::unexpected(kept.error());
  const std::lock_guard lock(mutex_);
  tokens_.push_back(made);
  return made;
}

StoreResult<std::pair<AccessToken, std::string>> AccessTokens::make(std::string name, Role role,
                                                                    const AuditEntry& audit) {
  std::string token = new_token();
  auto made = keep(std::move(name), role, token, audit);
  if (!made) return tl::unexpected(made.error());
  return std::pair(std::move(*made), std::move(token));
}

StoreResult<bool> AccessTokens::remove(ObjectId id, const AuditEntry& audit) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(tokens_.begin(), tokens_.end(), [&](const auto& token) { return token.id == id; });
  if (found == tokens_.end()) return false;
  const DocumentChange change{{DocumentKind::token, id.hex(), 0, ""}, found->revision, true};
  if (auto removed = store_.commit({change}, audit); !removed) return tl::unexpected(removed.error());
  tokens_.erase(found);
  return true;
}

}  // namespace sluice
