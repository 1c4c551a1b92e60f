#include "api/flag_patch.h"

#include <fmt/format.h>

#include "api/rest_patch.h"
#include "api/rest_resources.h"

namespace sluice::api {
namespace {

using nlohmann::json;

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
          fmt::format("instructions: {} is not supported; expected "
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
          fmt::format("{}: Sluice reads it from events or LaunchDarkly; only "
                      "/environments/{{key}}/trackEvents can be changed.",
                      key));
  const json environments = after.value("environments", json());
  if (!environments.is_object()) return invalid("environments: expected an object, with environments by key.");
  for (const auto& [key, environment] : environments.items()) {
    const json wanted = environment.is_object() ? environment.value("trackEvents", json()) : json();
    if (!wanted.is_boolean()) return invalid(fmt::format("environments.{}.trackEvents: expected true or false.", key));
    if (before_of(before, key) == wanted) continue;
    switches[key] = wanted.get<bool>();
  }
  return switches;
}

}  // namespace

RestResult<FlagSwitches> flag_switches(const json& flag, const RestCall& call) {
  FlagSwitches out;
  RestResult<std::map<std::string, bool>> switches;
  if (call.body.is_object() && call.body.contains("instructions")) {
    if (auto good = only_known(call.body, {"environmentKey", "instructions", "comment"}); !good)
      return tl::unexpected(good.error());
    switches = of_instructions(call.body);
    const json comment = call.body.value("comment", json(""));
    if (!comment.is_string()) return invalid("comment: This is not a string; expected a comment for the audit log.");
    out.comment = comment.get<std::string>();
  } else {
    auto patch = patched(flag, call);
    if (!patch) return tl::unexpected(patch.error());
    switches = of_difference(flag, patch->after);
    out.comment = std::move(patch->comment);
  }
  if (!switches) return tl::unexpected(switches.error());
  out.by_environment = std::move(*switches);
  return out;
}

}  // namespace sluice::api
