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

namespace sluice::api {
namespace {

using nlohmann::json;

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

// From a kept document.
std::optional<TokenRights> rights_of(const json& read) {
  if (!read.is_object()) return std::nullopt;
  TokenRights rights;
  const std::string name = read.value("role", "");
  const auto role = name == role_name(Role::custom) ? std::optional(Role::custom) : role_named(name);
  if (!role) return std::nullopt;
  rights.role = *role;
  for (const json& text : read.value("customRoles", json::array())) {
    const auto id = ObjectId::parse(text.is_string() ? text.get<std::string>() : "");
    if (!id) return std::nullopt;
    rights.custom_roles.push_back(*id);
  }
  if (!read.contains("inlineRole")) return rights;
  auto policy = read_policy(read["inlineRole"]);
  if (!policy) return std::nullopt;
  rights.inline_role = std::move(*policy);
  return rights;
}

constexpr std::string_view kPresetName = "SLUICE_ADMIN_TOKEN";

// Earlier versions gave such a token its name, and no mark.
bool was_preset(const json& read) {
  return read.value("preset", !read.contains("preset") && read.value("name", "") == kPresetName);
}

}  // namespace

Result<std::unique_ptr<AccessTokens>> AccessTokens::open(catalog::CatalogStore& store, const CustomRoles& roles,
                                                         const Clock& clock) {
  std::unique_ptr<AccessTokens> tokens(new AccessTokens(store, roles, clock));
  const auto documents = store.list(catalog::DocumentKind::token);
  if (!documents) return fail(documents.error().message);
  for (const catalog::Document& document : *documents) {
    const json read = json::parse(document.json, nullptr, false);
    const auto id = ObjectId::parse(document.id);
    auto rights = rights_of(read);
    if (!id || !rights) return fail(fmt::format("The catalog's token {} is damaged. Restore a backup.", document.id));
    tokens->tokens_.push_back({*id, read.value("name", ""), std::move(*rights), read.value("hash", ""),
                               read.value("lastFour", ""), read.value("made", std::int64_t{0}), was_preset(read),
                               document.revision});
  }
  return tokens;
}

Result<void> AccessTokens::ensure_admin(std::string_view preset) {
  const std::vector<AccessToken> known = list();
  const bool has_admin = std::any_of(known.begin(), known.end(),
                                     [](const AccessToken& token) { return token.rights.role == Role::admin; });
  if (!preset.empty())
    if (auto removed = remove_presets_but(preset); !removed) return removed;
  if (preset.empty() ? has_admin : caller(preset).has_value()) return {};
  const std::string token = preset.empty() ? new_token() : std::string(preset);
  const catalog::AuditEntry audit =
      audit_entry(clock_.wall_ms(), {{}, "the server", Role::admin, {}}, "createAccessToken", "service-token/*",
                  preset.empty() ? "created the first admin token at the first start"
                                 : "took up the admin token of SLUICE_ADMIN_TOKEN");
  if (const auto made = keep(preset.empty() ? "first admin" : std::string(kPresetName), {Role::admin, {}, {}}, token,
                             audit, !preset.empty());
      !made)
    return fail(made.error().message);
  if (preset.empty()) first_token_ = token;
  return {};
}

Result<void> AccessTokens::remove_presets_but(std::string_view preset) {
  const std::string hash = hash_of(preset);
  for (const AccessToken& token : list()) {
    if (!token.preset || token.hash == hash) continue;
    const catalog::AuditEntry audit =
        audit_entry(clock_.wall_ms(), {{}, "the server", Role::admin, {}}, "deleteAccessToken",
                    "service-token/" + token.id.hex(), "ended the token that SLUICE_ADMIN_TOKEN gave before");
    if (auto removed = remove(token.id, audit); !removed) return fail(removed.error().message);
  }
  return {};
}

std::optional<Caller> AccessTokens::caller(ObjectId token_id) const {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(tokens_.begin(), tokens_.end(), [&](const AccessToken& token) { return token.id == token_id; });
  return found == tokens_.end() ? std::nullopt : std::optional(caller_of(*found));
}

std::optional<Caller> AccessTokens::caller(std::string_view token) const {
  const std::string hash = hash_of(token);
  const AccessToken* found = nullptr;
  const std::lock_guard lock(mutex_);
  for (const AccessToken& known : tokens_)
    if (known.hash.size() == hash.size() && CRYPTO_memcmp(known.hash.data(), hash.data(), hash.size()) == 0)
      found = &known;
  return found == nullptr ? std::nullopt : std::optional(caller_of(*found));
}

Caller AccessTokens::caller_of(const AccessToken& token) const {
  Caller caller{token.id, token.name, token.rights.role, {}};
  for (const ObjectId id : token.rights.custom_roles)
    if (auto grant = roles_.grant(id)) caller.grants.push_back(std::move(grant));
  if (token.rights.inline_role)
    caller.grants.push_back(std::make_shared<const Grant>(Grant{"inline role", true, *token.rights.inline_role}));
  return caller;
}

std::vector<AccessToken> AccessTokens::list() const {
  const std::lock_guard lock(mutex_);
  return tokens_;
}

catalog::StoreResult<AccessToken> AccessTokens::keep(std::string name, TokenRights rights, std::string_view token,
                                                     const catalog::AuditEntry& audit, bool preset) {
  AccessToken made{new_object_id(clock_.wall_ms()),
                   std::move(name),
                   std::move(rights),
                   hash_of(token),
                   std::string(token.substr(token.size() < 4 ? 0 : token.size() - 4)),
                   clock_.wall_ms(),
                   preset,
                   1};
  json document = {{"name", made.name},    {"role", role_name(made.rights.role)},
                   {"hash", made.hash},    {"lastFour", made.last_four},
                   {"made", made.made_ms}, {"preset", made.preset}};
  for (const ObjectId id : made.rights.custom_roles) document["customRoles"].push_back(id.hex());
  if (made.rights.inline_role) document["inlineRole"] = policy_json(*made.rights.inline_role);
  const std::string text = document.dump(-1, ' ', false, json::error_handler_t::replace);
  if (auto kept = store_.commit({{{catalog::DocumentKind::token, made.id.hex(), 0, text}, 0, false}}, audit); !kept)
    return tl::unexpected(kept.error());
  const std::lock_guard lock(mutex_);
  tokens_.push_back(made);
  return made;
}

catalog::StoreResult<std::pair<AccessToken, std::string>> AccessTokens::make(std::string name, TokenRights rights,
                                                                             const catalog::AuditEntry& audit) {
  std::string token = new_token();
  auto made = keep(std::move(name), std::move(rights), token, audit);
  if (!made) return tl::unexpected(made.error());
  return std::pair(std::move(*made), std::move(token));
}

catalog::StoreResult<bool> AccessTokens::remove(ObjectId id, const catalog::AuditEntry& audit) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(tokens_.begin(), tokens_.end(), [&](const auto& token) { return token.id == id; });
  if (found == tokens_.end()) return false;
  const catalog::DocumentChange change{{catalog::DocumentKind::token, id.hex(), 0, ""}, found->revision, true};
  if (auto removed = store_.commit({change}, audit); !removed) return tl::unexpected(removed.error());
  tokens_.erase(found);
  return true;
}

}  // namespace sluice::api
