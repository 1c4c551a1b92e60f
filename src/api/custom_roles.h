// Custom roles: named policies for access tokens. Kept in the catalog's store. Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/access.h"
#include "base/clock.h"
#include "catalog/catalog_store.h"

namespace sluice::api {

struct CustomRole {
  ObjectId id;
  std::string key;  // unique; cannot be changed
  std::string name, description;
  bool reads = true;  // see Grant
  Policy policy;
  std::int64_t made_ms = 0;
  std::uint64_t revision = 0;
};

class CustomRoles {
 public:
  static Result<std::unique_ptr<CustomRoles>> open(catalog::CatalogStore& store);

  std::vector<CustomRole> list() const;  // by key
  // By key or id.
  std::optional<CustomRole> find(const std::string& key_or_id) const;
  std::shared_ptr<const Grant> grant(ObjectId id) const;  // null: there is none of this id
  // Makes it, or changes the one of this id; a revision that is not as it was read is a conflict.
  catalog::StoreResult<CustomRole> put(CustomRole role, const catalog::AuditEntry& audit);
  catalog::StoreResult<void> remove(const CustomRole& role, const catalog::AuditEntry& audit);

 private:
  explicit CustomRoles(catalog::CatalogStore& store) : store_(store) {}
  struct Known {
    CustomRole role;
    std::shared_ptr<const Grant> grant;
  };
  static Known known(CustomRole role);

  catalog::CatalogStore& store_;
  mutable std::mutex mutex_;
  std::map<ObjectId, Known> roles_;  // guarded by mutex_
};

}  // namespace sluice::api
