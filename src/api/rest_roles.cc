// Custom roles, in LaunchDarkly's shape.
#include <fmt/format.h>

#include <algorithm>

#include "api/audit.h"
#include "api/rest_patch.h"
#include "api/rest_resources.h"

namespace sluice::api {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxRoles = 500;     // each is looked through at calls of its tokens alone; a list is one page
constexpr std::size_t kMaxKeyBytes = 100;  // as of projects and environments

std::string role_target(const std::string& key) { return "role/" + key; }

RestJson role_json(const CustomRole& role) {
  return {{"_id", role.id.hex()},
          {"_links", {{"self", rest_link("/api/v2/roles/" + role.key)}, {"parent", rest_link("/api/v2/roles")}}},
          {"key", role.key},
          {"name", role.name},
          {"description", role.description},
          {"basePermissions", role.reads ? "reader" : "no_access"},
          {"policy", RestJson(policy_json(role.policy))},
          {"version", role.revision},
          {"creationDate", role.made_ms}};
}

RestResult<CustomRole> role_of_path(const RestContext& context, const RestCall& call) {
  if (auto role = context.roles.find(call.path[0])) return std::move(*role);
  return not_found(fmt::format("There is no role with the key \"{}\".", call.path[0]));
}

RestResult<std::string> key_of(const json& body) {
  auto key = text_member(body, "key", "a key such as \"switch-production\"");
  if (!key) return key;
  const bool plain =
      !key->empty() && key->size() <= kMaxKeyBytes && std::all_of(key->begin(), key->end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
      });
  if (plain) return key;
  return invalid(fmt::format("key: expected 1 to {} letters, digits, '-', '_' and '.', such as \"switch-production\".",
                             kMaxKeyBytes));
}

// Takes over what the body says; what it does not name is as at first.
RestResult<void> take(const json& body, CustomRole& role) {
  const auto name = text_member(body, "name", "a name");
  const auto description = text_member(body, "description", "text");
  const auto base = text_member(body, "basePermissions", "reader or no_access");
  for (const auto* member : {&name, &description, &base})
    if (!*member) return tl::unexpected(member->error());
  if (!base->empty() && *base != "reader" && *base != "no_access")
    return invalid(fmt::format("basePermissions: \"{}\" is not valid; expected reader or no_access.", *base));
  auto policy = read_policy(body.value("policy", json()));
  if (!policy) return invalid("policy: " + policy.error().message);
  role.name = name->empty() ? role.key : *name;
  role.description = *description;
  role.reads = *base != "no_access";
  role.policy = std::move(*policy);
  return {};
}

}  // namespace

RestOutcome list_roles(const RestContext& context, const RestCall&) {
  RestJson items = RestJson::array();
  for (const CustomRole& role : context.roles.list()) items.push_back(role_json(role));
  const std::size_t count = items.size();
  return RestAnswer{
      200, {{"_links", {{"self", rest_link("/api/v2/roles")}}}, {"totalCount", count}, {"items", std::move(items)}}};
}

RestOutcome make_role(const RestContext& context, const RestCall& call) {
  if (!call.body.is_object())
    return invalid(
        "The body is not an object; expected a role such as {\"key\":\"switch-production\",\"policy\":[…]}.");
  if (auto good = only_known(call.body, {"key", "name", "description", "policy", "basePermissions"}); !good)
    return tl::unexpected(good.error());
  const auto key = key_of(call.body);
  if (!key) return tl::unexpected(key.error());
  CustomRole role;
  role.id = new_object_id(context.clock.wall_ms());
  role.key = *key;
  role.made_ms = context.clock.wall_ms();
  if (auto good = take(call.body, role); !good) return tl::unexpected(good.error());
  if (context.roles.find(*key)) return refuse(409, "conflict", fmt::format("key: A role \"{}\" exists already.", *key));
  if (context.roles.list().size() >= kMaxRoles)
    return refuse(409, "conflict", fmt::format("There are already {} roles; delete one first.", kMaxRoles));
  const auto made = context.roles.put(
      role, audit_entry(context.clock.wall_ms(), call.caller, "createRole", role_target(*key),
                        fmt::format("made the role \"{}\"", role.name), {}, {}, RestJson(role_json(role)).dump()));
  if (!made) return refused(made.error());
  return RestAnswer{201, role_json(*made)};
}

RestOutcome get_role(const RestContext& context, const RestCall& call) {
  const auto role = role_of_path(context, call);
  if (!role) return tl::unexpected(role.error());
  return RestAnswer{200, role_json(*role)};
}

RestOutcome patch_role(const RestContext& context, const RestCall& call) {
  auto role = role_of_path(context, call);
  if (!role) return tl::unexpected(role.error());
  const json before = role_json(*role);
  const auto patch = patched(before, call);
  if (!patch) return tl::unexpected(patch.error());
  const json& after = patch->after;
  if (!after.is_object()) return invalid("The patch does not result in an object.");
  if (auto good = only_known(after, {"_id", "_links", "key", "name", "description", "policy", "basePermissions",
                                     "version", "creationDate"});
      !good)
    return tl::unexpected(good.error());
  if (after.value("version", json()) != before["version"])
    return refuse(409, "optimistic_locking_error",
                  fmt::format("The role is at version {}. Read it again and repeat the change.", role->revision));
  for (const char* fixed : {"key", "creationDate"})
    if (after.value(fixed, json()) != before[fixed]) return invalid(fmt::format("{}: It cannot be changed.", fixed));
  if (auto good = take(after, *role); !good) return tl::unexpected(good.error());
  const auto changed =
      context.roles.put(*role, audit_entry(context.clock.wall_ms(), call.caller, "updatePolicy", role_target(role->key),
                                           fmt::format("changed the role \"{}\"", role->name), patch->comment,
                                           before.dump(), after.dump()));
  if (!changed) return refused(changed.error());
  return RestAnswer{200, role_json(*changed)};
}

RestOutcome delete_role(const RestContext& context, const RestCall& call) {
  const auto role = role_of_path(context, call);
  if (!role) return tl::unexpected(role.error());
  for (const AccessToken& token : context.tokens.list()) {
    const auto& roles = token.rights.custom_roles;
    if (std::find(roles.begin(), roles.end(), role->id) != roles.end())
      return refuse(409, "conflict",
                    fmt::format("The access token \"{}\" has this role. Delete the token first.", token.name));
  }
  const auto removed = context.roles.remove(
      *role, audit_entry(context.clock.wall_ms(), call.caller, "deleteRole", role_target(role->key),
                         fmt::format("deleted the role \"{}\"", role->name), {}, RestJson(role_json(*role)).dump()));
  if (!removed) return refused(removed.error());
  return RestAnswer{204, nullptr};
}

}  // namespace sluice::api
