// Who calls the REST API, and what that caller may do: by one of the built-in roles, or by the policies of custom ones
// (api/policy.h). Pure.
//
// No policy grants what is the admin's alone: tokens, roles, import, export and backup. Whoever may hand out rights, or
// read all that there is, has every right.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/policy.h"
#include "base/object_id.h"

namespace sluice::api {

// Each may do what those before it may; `custom` what its grants say.
enum class Role : std::uint8_t { custom, reader, writer, admin };
std::string_view role_name(Role role);
// Of a built-in role.
std::optional<Role> role_named(std::string_view name);

struct Grant {
  std::string role;  // by whose policy
  // Projects that the policy does not name can be read, as LaunchDarkly's base permission "reader" has it.
  bool reads = true;
  Policy policy;
};

struct Caller {
  ObjectId token_id;
  std::string name;
  Role role = Role::reader;
  std::vector<std::shared_ptr<const Grant>> grants;  // of Role::custom
};

// Whether a change is possible. For what is read: may_view().
bool may(const Caller& caller, std::string_view action, const Resource& resource);
bool may_view(const Caller& caller, const std::string& project);
// Data about all projects: usage, the audit log.
bool may_view_all(const Caller& caller);
// The name of the role that allows it; empty: it is not possible.
std::string allowed_by(const Caller& caller, std::string_view action, const Resource& resource);

}  // namespace sluice::api
