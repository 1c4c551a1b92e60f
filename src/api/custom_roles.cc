#include "api/custom_roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::api {
namespace {

using nlohmann::json;

std::optional<CustomRole> role_of(const catalog::Document& document) {
  const json read = json::parse(document.json, nullptr, false);
  const auto id = ObjectId::parse(document.id);
  if (!id || !read.is_object()) return std::nullopt;
  auto policy = read_policy(read.value("policy", json()));
  if (!policy) return std::nullopt;
  return CustomRole{*id,
                    read.value("key", ""),
                    read.value("name", ""),
                    read.value("description", ""),
                    read.value("reads", true),
                    std::move(*policy),
                    read.value("made", std::int64_t{0}),
                    document.revision};
}

std::string text_of(const CustomRole& role) {
  return json{{"key", role.key},      {"name", role.name},
              {"reads", role.reads},  {"description", role.description},
              {"made", role.made_ms}, {"policy", policy_json(role.policy)}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

CustomRoles::Known CustomRoles::known(CustomRole role) {
  auto grant = std::make_shared<const Grant>(Grant{role.name, role.reads, role.policy});
  return {std::move(role), std::move(grant)};
}

Result<std::unique_ptr<CustomRoles>> CustomRoles::open(catalog::CatalogStore& store) {
  std::unique_ptr<CustomRoles> roles(new CustomRoles(store));
  const auto documents = store.list(catalog::DocumentKind::role);
  if (!documents) return fail(documents.error().message);
  for (const catalog::Document& document : *documents) {
    auto role = role_of(document);
    if (!role) return fail(fmt::format("The catalog's role {} is damaged. Restore a backup.", document.id));
    roles->roles_.emplace(role->id, known(*role));
  }
  return roles;
}

std::vector<CustomRole> CustomRoles::list() const {
  std::vector<CustomRole> out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, known] : roles_) out.push_back(known.role);
  }
  std::sort(out.begin(), out.end(), [](const CustomRole& a, const CustomRole& b) { return a.key < b.key; });
  return out;
}

std::optional<CustomRole> CustomRoles::find(const std::string& key_or_id) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, known] : roles_)
    if (known.role.key == key_or_id || id.hex() == key_or_id) return known.role;
  return std::nullopt;
}

std::shared_ptr<const Grant> CustomRoles::grant(ObjectId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = roles_.find(id);
  return found == roles_.end() ? nullptr : found->second.grant;
}

catalog::StoreResult<CustomRole> CustomRoles::put(CustomRole role, const catalog::AuditEntry& audit) {
  const catalog::DocumentChange change{
      {catalog::DocumentKind::role, role.id.hex(), 0, text_of(role)}, role.revision, false};
  if (auto kept = store_.commit({change}, audit); !kept) return tl::unexpected(kept.error());
  ++role.revision;
  const std::lock_guard lock(mutex_);
  roles_.insert_or_assign(role.id, known(role));
  return role;
}

catalog::StoreResult<void> CustomRoles::remove(const CustomRole& role, const catalog::AuditEntry& audit) {
  const catalog::DocumentChange change{{catalog::DocumentKind::role, role.id.hex(), 0, ""}, role.revision, true};
  if (auto removed = store_.commit({change}, audit); !removed) return tl::unexpected(removed.error());
  const std::lock_guard lock(mutex_);
  roles_.erase(role.id);
  return {};
}

}  // namespace sluice::api
