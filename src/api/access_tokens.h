// Access tokens of the REST API: who may call it, and as what. Only hashes are kept (SHA-256 of 160 random bits: there
// is nothing to guess), in the catalog's store. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/access.h"
#include "api/custom_roles.h"
#include "base/clock.h"
#include "base/object_id.h"
#include "catalog/catalog_store.h"

namespace sluice::api {

// What a token may do.
struct TokenRights {
  Role role = Role::reader;
  // Of Role::custom: one of the two.
  std::vector<ObjectId> custom_roles;
  std::optional<Policy> inline_role;
};

struct AccessToken {
  ObjectId id;
  std::string name;
  TokenRights rights;
  std::string hash;       // 64 hex digits
  std::string last_four;  // so that people can distinguish tokens
  std::int64_t made_ms = 0;
  bool preset = false;  // given by SLUICE_ADMIN_TOKEN
  std::uint64_t revision = 0;
};

class AccessTokens {
 public:
  // Reads the tokens.
  static Result<std::unique_ptr<AccessTokens>> open(catalog::CatalogStore& store, const CustomRoles& roles,
                                                    const Clock& clock);
  // If there is no admin token, creates one: `preset` if it is not empty, else a new one, which is left in
  // first_token() to be shown once. A `preset` takes the place of the one that an earlier start was given. Call it last
  // in a start, once: a start that fails later would have stored a token that nobody was shown. An error: the store
  // cannot be written.
  Result<void> ensure_admin(std::string_view preset);

  // Whose token this is; compared in constant time. Nothing for SDK keys and what is unknown.
  std::optional<Caller> caller(std::string_view token) const;
  // The owner of the token of this id, as long as there is one.
  std::optional<Caller> caller(ObjectId token_id) const;
  std::vector<AccessToken> list() const;
  // The token itself, shown this once.
  catalog::StoreResult<std::pair<AccessToken, std::string>> make(std::string name, TokenRights rights,
                                                                 const catalog::AuditEntry& audit);
  // False when there is none of this id.
  catalog::StoreResult<bool> remove(ObjectId id, const catalog::AuditEntry& audit);
  const std::string& first_token() const { return first_token_; }

 private:
  AccessTokens(catalog::CatalogStore& store, const CustomRoles& roles, const Clock& clock)
      : store_(store), roles_(roles), clock_(clock) {}
  catalog::StoreResult<AccessToken> keep(std::string name, TokenRights rights, std::string_view token,
                                         const catalog::AuditEntry& audit, bool preset = false);
  // Ends the tokens that SLUICE_ADMIN_TOKEN gave to earlier starts.
  Result<void> remove_presets_but(std::string_view preset);
  Caller caller_of(const AccessToken& token) const;

  catalog::CatalogStore& store_;
  const CustomRoles& roles_;
  const Clock& clock_;
  std::string first_token_;
  mutable std::mutex mutex_;
  std::vector<AccessToken> tokens_;  // guarded by mutex_
};

}  // namespace sluice::api
