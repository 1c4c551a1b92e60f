#include "api/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::api {
namespace {

using nlohmann::json;

constexpr std::string_view kResourceShapes =
    "expected proj/*, proj/*:env/*, proj/*:env/*:destination/*, proj/*:env/*:flag/* or *, where * may be a key or a "
    "part of one";

// Every action that a route of the API checks.
constexpr std::array<std::string_view, 19> kActions = {
    "viewProject",       "createProject",     "deleteProject",     "updateProjectName",   "updateTags",
    "createEnvironment", "deleteEnvironment", "updateName",        "updateConfiguration", "updateDefaultTrackEvents",
    "updateApiKey",      "updateMobileKey",   "createDestination", "deleteDestination",   "updateOn",
    "testDestination",   "replayDestination", "createFlag",        "updateTrackEvents"};

// `*` stands for any text, also none. Linear but for the last star, which goes back.
bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool matches(const Resource& pattern, const Resource& resource) {
  return pattern.environment.empty() == resource.environment.empty() && pattern.kind == resource.kind &&
         glob_matches(pattern.project, resource.project) && glob_matches(pattern.environment, resource.environment) &&
         glob_matches(pattern.id, resource.id);
}

// Takes `prefix` and the text up to the next `:` off; the last part may have any character.
bool take_part(std::string_view& text, std::string_view prefix, bool last, std::string& out) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  const std::size_t end = last ? text.size() : std::min(text.find(':'), text.size());
  out = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return !out.empty();
}

Result<Resource> read_resource(std::string_view text) {
  const auto odd = [&] { return fail(fmt::format("\"{}\" is not a resource; {}.", text, kResourceShapes)); };
  if (text.find(';') != std::string_view::npos)
    return fail(fmt::format("\"{}\" names tags, which Sluice's policies do not support; {}.", text, kResourceShapes));
  Resource out;
  std::string_view rest = text;
  if (text.ends_with(':') || !take_part(rest, "proj/", false, out.project)) return odd();
  if (rest.empty()) return out;
  if (!take_part(rest, "env/", false, out.environment)) return odd();
  if (rest.empty()) return out;
  for (const std::string_view kind : {"destination", "flag"}) {
    if (!take_part(rest, fmt::format("{}/", kind), true, out.id)) continue;
    out.kind = kind;
    return out;
  }
  return odd();
}

// The list of `name`, or of its opposite `not_name`; exactly one of them is there.
Result<std::vector<std::string>> read_list(const json& statement, const char* name, const char* not_name,
                                           bool& all_but) {
  all_but = statement.contains(not_name);
  if (all_but == statement.contains(name))
    return fail(fmt::format("expected either {} or {}, a list of text", name, not_name));
  const char* member = all_but ? not_name : name;
  const json& list = statement[member];
  if (!list.is_array() || list.empty() || list.size() > kMaxStatementEntries)
    return fail(fmt::format("{}: expected a list of 1 to {} texts", member, kMaxStatementEntries));
  std::vector<std::string> out;
  for (const json& entry : list) {
    if (!entry.is_string() || entry.get_ref<const std::string&>().size() > kMaxStatementEntryBytes)
      return fail(fmt::format("{}: expected texts of at most {} bytes", member, kMaxStatementEntryBytes));
    out.push_back(entry);
  }
  return out;
}

Result<PolicyStatement> read_statement(const json& text) {
  if (!text.is_object()) return fail("expected an object");
  for (const auto& [name, value] : text.items())
    if (name != "effect" && name != "resources" && name != "notResources" && name != "actions" && name != "notActions")
      return fail(
          fmt::format("{}: unknown member; expected effect, resources or notResources, and actions or "
                      "notActions",
                      name));
  PolicyStatement out;
  const json effect = text.value("effect", json());
  if (effect != "allow" && effect != "deny") return fail("effect: expected allow or deny");
  out.allows = effect == "allow";
  const auto resources = read_list(text, "resources", "notResources", out.all_but_resources);
  if (!resources) return tl::unexpected(resources.error());
  for (const std::string& resource : *resources) {
    if (resource == "*") {
      out.every_resource = true;
      continue;
    }
    auto read = read_resource(resource);
    if (!read) return fail("resources: " + read.error().message);
    out.resources.push_back(std::move(*read));
  }
  auto actions = read_list(text, "actions", "notActions", out.all_but_actions);
  if (!actions) return tl::unexpected(actions.error());
  for (const std::string& action : *actions)
    if (std::none_of(kActions.begin(), kActions.end(), [&](auto known) { return glob_matches(action, known); }))
      return fail(
          fmt::format("actions: \"{}\" is not an action; expected * or some of {}", action, fmt::join(kActions, ", ")));
  out.actions = std::move(*actions);
  return out;
}

}  // namespace

std::string Resource::text() const {
  std::string out = "proj/" + project;
  if (!environment.empty()) out += ":env/" + environment;
  if (!kind.empty()) out += fmt::format(":{}/{}", kind, id);
  return out;
}

bool PolicyStatement::names_action(std::string_view action) const {
  const bool named =
      std::any_of(actions.begin(), actions.end(), [&](const auto& pattern) { return glob_matches(pattern, action); });
  return named != all_but_actions;
}

bool PolicyStatement::names_resource(const Resource& resource) const {
  const bool named = every_resource || std::any_of(resources.begin(), resources.end(),
                                                   [&](const Resource& pattern) { return matches(pattern, resource); });
  return named != all_but_resources;
}

Result<Policy> read_policy(const json& text) {
  if (!text.is_array() || text.empty() || text.size() > kMaxStatements)
    return fail(
        fmt::format("expected a list of 1 to {} statements such as {{\"effect\":\"allow\",\"resources\":"
                    "[\"proj/*:env/*:destination/*\"],\"actions\":[\"updateOn\"]}}.",
                    kMaxStatements));
  Policy policy;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto statement = read_statement(text[i]);
    if (!statement) return fail(fmt::format("statement {}: {}.", i, statement.error().message));
    policy.push_back(std::move(*statement));
  }
  return policy;
}

json policy_json(const Policy& policy) {
  json out = json::array();
  for (const PolicyStatement& statement : policy) {
    json resources = json::array();
    if (statement.every_resource) resources.push_back("*");
    for (const Resource& resource : statement.resources) resources.push_back(resource.text());
    out.push_back({{"effect", statement.allows ? "allow" : "deny"},
                   {statement.all_but_resources ? "notResources" : "resources", std::move(resources)},
                   {statement.all_but_actions ? "notActions" : "actions", statement.actions}});
  }
  return out;
}

Verdict verdict(const Policy& policy, std::string_view action, const Resource& resource) {
  Verdict out = Verdict::silent;
  for (const PolicyStatement& statement : policy) {
    if (!statement.names_action(action) || !statement.names_resource(resource)) continue;
    if (!statement.allows) return Verdict::denied;
    out = Verdict::allowed;
  }
  return out;
}

}  // namespace sluice::api
