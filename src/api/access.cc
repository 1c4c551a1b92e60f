#include "api/access.h"

#include <algorithm>
#include <array>

namespace sluice::api {
namespace {

constexpr std::array<std::string_view, 4> kRoleNames = {"custom", "reader", "writer", "admin"};
constexpr std::string_view kView = "viewProject";

bool views(const Grant& grant, const std::string& project) {
  const Verdict said = verdict(grant.policy, kView, {project, "", "", ""});
  return said == Verdict::allowed || (said == Verdict::silent && grant.reads);
}

}  // namespace

std::string_view role_name(Role role) { return kRoleNames[static_cast<std::size_t>(role)]; }

std::optional<Role> role_named(std::string_view name) {
  for (const Role role : {Role::reader, Role::writer, Role::admin})
    if (name == role_name(role)) return role;
  return std::nullopt;
}

std::string allowed_by(const Caller& caller, std::string_view action, const Resource& resource) {
  if (caller.role != Role::custom) return caller.role >= Role::writer ? std::string(role_name(caller.role)) : "";
  // Whoever may not see a project changes nothing in it.
  if (!may_view(caller, resource.project)) return "";
  for (const auto& grant : caller.grants)
    if (verdict(grant->policy, action, resource) == Verdict::allowed) return grant->role;
  return "";
}

bool may(const Caller& caller, std::string_view action, const Resource& resource) {
  return !allowed_by(caller, action, resource).empty();
}

bool may_view(const Caller& caller, const std::string& project) {
  return caller.role != Role::custom || std::any_of(caller.grants.begin(), caller.grants.end(),
                                                    [&](const auto& grant) { return views(*grant, project); });
}

bool may_view_all(const Caller& caller) {
  if (caller.role != Role::custom) return true;
  return std::any_of(caller.grants.begin(), caller.grants.end(), [](const auto& grant) {
    return grant->reads && std::none_of(grant->policy.begin(), grant->policy.end(), [](const PolicyStatement& each) {
             return !each.allows && each.names_action(kView);
           });
  });
}

}  // namespace sluice::api
