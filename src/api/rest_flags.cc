#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "api/audit.h"
#include "api/rest_patch.h"
#include "api/rest_resources.h"

namespace sluice {
namespace {

using nlohmann::json;

RestJson as_json(const std::string& text) {
  RestJson value = RestJson::parse(text, nullptr, false);
  return value.is_discarded() ? RestJson(nullptr) : value;
}

// A flag of a project, from what each of its environments knows.
struct ProjectFlag {
  std::string name;
  std::map<std::int64_t, RestJson> variations;
  RestJson environments = RestJson::object();
};

void add(ProjectFlag& flag, const Environment& environment, const FlagFacts& facts) {
  if (!facts.name.empty()) flag.name = facts.name;
  for (const VariationSeen& seen : facts.variations) {
    RestJson& variation = flag.variations[seen.index];
    variation["_id"] = std::to_string(seen.index);
    variation["value"] = as_json(seen.value);
  }
  for (std::size_t i = 0; i < facts.names.size(); ++i)
    if (!facts.names[i].empty()) flag.variations[static_cast<std::int64_t>(i)]["name"] = as_json(facts.names[i]);
  flag.environments[environment.key] = {{"trackEvents", facts.exported},        {"trackEventsFallthrough", false},
                                        {"_environmentName", environment.name}, {"firstSeen", facts.first_seen_ms},
                                        {"lastSeen", facts.last_seen_ms},       {"evaluations", facts.evaluations}};
}

std::map<std::string, ProjectFlag> flags_of(const RestContext& context, const Project& project,
                                            const std::set<std::string>& only_environments) {
  std::map<std::string, ProjectFlag> flags;
  for (const auto& environment : context.catalog.environments(project.id)) {
    if (!only_environments.empty() && !only_environments.contains(environment.value.key)) continue;
    for (const FlagFacts& facts : context.flags.list(environment.value.id))
      add(flags[facts.key], environment.value, facts);
  }
  return flags;
}

RestJson flag_json(const Project& project, const std::string& key, const ProjectFlag& flag) {
  RestJson variations = RestJson::array();
  bool boolean = !flag.variations.empty();
  for (const auto& [index, variation] : flag.variations) {
    variations.push_back(variation);
    boolean = boolean && variation.value("value", RestJson()).is_boolean();
  }
  return {{"_links", {{"self", rest_link(fmt::format("/api/v2/flags/{}/{}", project.key, key))}}},
          {"key", key},
          {"name", flag.name.empty() ? key : flag.name},
          {"kind", boolean ? "boolean" : "multivariate"},
          {"_version", 1},
          {"variations", std::move(variations)},
          {"tags", RestJson::array()},
          {"environments", flag.environments}};
}

RestResult<Managed<Project>> project_of(const RestContext& context, const RestCall& call) {
  if (auto project = context.catalog.project(call.path[0])) return std::move(*project);
  return not_found(fmt::format("There is no project with the key \"{}\".", call.path[0]));
}

std::set<std::string> asked_environments(const RestCall& call) {
  std::set<std::string> keys;
  const auto [first, last] = call.query.equal_range("env");
  for (auto it = first; it != last; ++it) keys.insert(it->second);
  return keys;
}

RestResult<RestJson> shown(const RestContext& context, const RestCall& call, const Project& project) {
  const auto flags = flags_of(context, project, asked_environments(call));
  const auto found = flags.find(call.path[1]);
  if (found == flags.end())
    return not_found(fmt::format("The project \"{}\" has no flag \"{}\". A flag appears when an event names it.",
                                 call.path[0], call.path[1]));
  return flag_json(project, call.path[1], found->second);
}

// Which switch goes where, by environment's key, from a semantic patch.
RestResult<std::map<std::string, bool>> of_instructions(const json& body) {
  const json environment = body.value("environmentKey", json());
  if (!environment.is_string()) return invalid("environmentKey: It is missing; expected an environment's key.");
  std::map<std::string, bool> switches;
  const json instructions = body.value("instructions", json());
  if (!instructions.is_array()) return invalid("instructions: expected a list.");
  for (const json& instruction : instructions) {
    const json kind = instruction.is_object() ? instruction.value("kind", json()) : json();
    if (kind != "updateTrackEvents" || !instruction.value("trackEvents", json()).is_boolean())
      return invalid(
          fmt::format("instructions: {} is not understood; expected "
                      "{{\"kind\":\"updateTrackEvents\",\"trackEvents\":true}}.",
                      instruction.dump()));
    switches[environment.get<std::string>()] = instruction["trackEvents"].get<bool>();
  }
  return switches;
}

json before_of(const json& flag, const std::string& environment) {
  const json known = flag.value("environments", json::object()).value(environment, json::object());
  return known.value("trackEvents", json());
}

// The same from a flag as it was and as it is patched.
RestResult<std::map<std::string, bool>> of_difference(const json& before, const json& after) {
  std::map<std::string, bool> switches;
  for (const auto& [key, value] : after.items())
    if (key != "environments" && before.value(key, json()) != value)
      return invalid(
          fmt::format("{}: Sluice takes it from events or LaunchDarkly; only "
                      "/environments/{{key}}/trackEvents can be changed.",
                      key));
  const json environments = after.value("environments", json::object());
  for (const auto& [key, environment] : environments.items()) {
    const json wanted = environment.is_object() ? environment.value("trackEvents", json()) : json();
    if (!wanted.is_boolean()) return invalid(fmt::format("environments.{}.trackEvents: expected true or false.", key));
    if (before_of(before, key) == wanted) continue;
    switches[key] = wanted.get<bool>();
  }
  return switches;
}

}  // namespace

RestOutcome list_flags(const RestContext& context, const RestCall& call) {
  const auto project = project_of(context, call);
  if (!project) return tl::unexpected(project.error());
  RestJson items = RestJson::array();
  for (const auto& [key, flag] : flags_of(context, project->value, asked_environments(call)))
    items.push_back(flag_json(project->value, key, flag));
  const std::size_t count = items.size();
  return RestAnswer{200,
                    {{"_links", {{"self", rest_link("/api/v2/flags/" + call.path[0])}}},
                     {"totalCount", count},
                     {"items", std::move(items)}}};
}

RestOutcome get_flag(const RestContext& context, const RestCall& call) {
  const auto project = project_of(context, call);
  if (!project) return tl::unexpected(project.error());
  auto flag = shown(context, call, project->value);
  if (!flag) return tl::unexpected(flag.error());
  return RestAnswer{200, std::move(*flag)};
}

RestOutcome patch_flag(const RestContext& context, const RestCall& call) {
  const auto project = project_of(context, call);
  if (!project) return tl::unexpected(project.error());
  const auto flag = shown(context, call, project->value);
  if (!flag) return tl::unexpected(flag.error());
  std::string comment;
  RestResult<std::map<std::string, bool>> switches;
  if (call.body.is_object() && call.body.contains("instructions")) {
    switches = of_instructions(call.body);
    if (call.body.value("comment", json()).is_string()) comment = call.body["comment"].get<std::string>();
  } else {
    const json before = *flag;
    auto patch = patched(before, call);
    if (!patch) return tl::unexpected(patch.error());
    switches = of_difference(before, patch->after);
    comment = patch->comment;
  }
  if (!switches) return tl::unexpected(switches.error());
  std::vector<CatalogWrite> writes;
  std::string what;
  for (const auto& [key, on] : *switches) {
    const auto environment = context.catalog.environment(call.path[0], key);
    if (!environment) return not_found(fmt::format("The project \"{}\" has no environment \"{}\".", call.path[0], key));
    const ObjectId id = environment->value.id;
    const auto known = context.catalog.flag(id, call.path[1]);
    CatalogWrite write{DocumentKind::flag, flag_document_id(id, call.path[1]), known ? known->fields : json::object(),
                       json::object(),     known ? known->revision : 0,        false};
    write.fields["export"] = on;
    writes.push_back(std::move(write));
    what += fmt::format("{}{} \"{}\" in \"{}/{}\"", what.empty() ? "" : ", ", on ? "switched on" : "switched off",
                        call.path[1], call.path[0], key);
    if (!environment->value.flag_export.as_sent) continue;
    // Whoever sets a switch wants switches to count; other flags stay as they were.
    CatalogWrite choose{DocumentKind::environment, id.hex(), environment->fields, environment->extra,
                        environment->revision,     false};
    choose.fields["feature_events"] = "chosen flags";
    writes.push_back(std::move(choose));
  }
  if (!writes.empty()) {
    const auto made = context.catalog.commit(
        std::move(writes),
        audit_entry(context.clock.wall_ms(), call.caller, "updateTrackEvents",
                    fmt::format("proj/{}:env/*:flag/{}", call.path[0], call.path[1]), what, comment));
    if (!made) return refused(made.error());
  }
  // The registry follows within a second: what is asked for is answered.
  RestJson answer = *flag;
  for (const auto& [key, on] : *switches) answer["environments"][key]["trackEvents"] = on;
  return RestAnswer{200, std::move(answer)};
}

}  // namespace sluice
