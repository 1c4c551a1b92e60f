// Policies of custom roles, as LaunchDarkly's: which actions are possible on which resources. Within a policy a
// statement that denies beats those that allow, and what no statement names is denied; of several policies, the one
// that allows counts (https://launchdarkly.com/docs/home/account/role-policies). Pure.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::api {

// Beyond what people write by hand, and small enough to be looked through at each call.
inline constexpr std::size_t kMaxStatements = 100;
inline constexpr std::size_t kMaxStatementEntries = 200;     // resources, or actions, of one statement
inline constexpr std::size_t kMaxStatementEntryBytes = 512;  // of one resource or action

// What an action is done to: a project, one of its environments, or a destination or flag of that. In a pattern each
// part may have `*`, which stands for any text.
struct Resource {
  std::string project;
  std::string environment;  // empty: the project itself
  std::string kind;         // "destination" or "flag"; empty: the environment itself
  std::string id;

  bool operator==(const Resource&) const = default;
  std::string text() const;  // "proj/web:env/production:destination/610addeadbeefaa86ec9a7d4"
};

struct PolicyStatement {
  bool allows = false;
  bool every_resource = false;       // "*"
  std::vector<Resource> resources;   // patterns
  bool all_but_resources = false;    // notResources
  std::vector<std::string> actions;  // patterns
  bool all_but_actions = false;      // notActions

  bool names_action(std::string_view action) const;
  bool names_resource(const Resource& resource) const;
};
using Policy = std::vector<PolicyStatement>;

// A list of {"effect","resources"|"notResources","actions"|"notActions"}. The error names the statement and the member.
Result<Policy> read_policy(const nlohmann::json& text);
nlohmann::json policy_json(const Policy& policy);

enum class Verdict : std::uint8_t { silent, allowed, denied };
Verdict verdict(const Policy& policy, std::string_view action, const Resource& resource);

}  // namespace sluice::api
