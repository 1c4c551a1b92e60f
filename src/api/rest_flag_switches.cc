// Which flags are exported: switches of many flags at once, and of one.
#include <fmt/format.h>

#include <set>

#include "api/audit.h"
#include "api/flag_patch.h"
#include "api/flag_view.h"
#include "base/counted.h"

namespace sluice::api {
namespace {

using nlohmann::json;

// Sets one flag's switch in one environment. Whoever sets a switch wants switches to count; other flags stay as they
// were.
// False: it is so already.
bool add_switch(const RestContext& context, const catalog::Managed<catalog::Environment>& environment,
                const std::string& flag, bool on, std::vector<catalog::CatalogWrite>& writes) {
  const ObjectId id = environment.value.id;
  const auto known = context.catalog.flag(id, flag);
  if (known && known->fields.value("export", json()) == json(on)) return false;
  catalog::CatalogWrite write{catalog::DocumentKind::flag,
                              catalog::flag_document_id(id, flag),
                              known ? known->fields : json::object(),
                              json::object(),
                              known ? known->revision : 0,
                              false};
  write.fields["export"] = on;
  writes.push_back(std::move(write));
  return true;
}

void choose_flags(const catalog::Managed<catalog::Environment>& environment,
                  std::vector<catalog::CatalogWrite>& writes) {
  if (!environment.value.flag_export.as_sent) return;
  catalog::CatalogWrite choose{catalog::DocumentKind::environment,
                               environment.value.id.hex(),
                               environment.fields,
                               environment.extra,
                               environment.revision,
                               false};
  choose.fields["feature_events"] = "chosen flags";
  writes.push_back(std::move(choose));
}

// In one change at most: a transaction of this many rows takes less than a second.
constexpr std::size_t kMostFlagsAtOnce = 5'000;

}  // namespace

RestOutcome patch_flags(const RestContext& context, const RestCall& call) {
  constexpr std::string_view kExpected =
      "expected {\"environmentKey\":\"production\",\"flags\":[\"new-checkout\"],\"trackEvents\":true}.";
  if (!call.body.is_object()) return invalid(fmt::format("The body is no object; {}", kExpected));
  if (auto good = only_known(call.body, {"environmentKey", "flags", "trackEvents", "comment"}); !good)
    return tl::unexpected(good.error());
  const auto key = text_member(call.body, "environmentKey", "an environment's key");
  if (!key) return tl::unexpected(key.error());
  if (key->empty()) return invalid("environmentKey: It is missing; expected an environment's key.");
  const auto comment = text_member(call.body, "comment", "a comment");
  if (!comment) return tl::unexpected(comment.error());
  const json flags = call.body.value("flags", json());
  const json on = call.body.value("trackEvents", json());
  if (!on.is_boolean()) return invalid(fmt::format("trackEvents: {}", kExpected));
  if (!flags.is_array() || flags.empty() || flags.size() > kMostFlagsAtOnce)
    return invalid(fmt::format("flags: expected a list of 1 to {} flag keys.", kMostFlagsAtOnce));
  const auto environment = context.catalog.environment(call.path[0], *key);
  if (!environment) return not_found(fmt::format("The project \"{}\" has no environment \"{}\".", call.path[0], *key));
  std::vector<catalog::CatalogWrite> writes;
  std::set<std::string> once;
  for (const json& flag : flags) {
    if (!flag.is_string() || flag.get<std::string>().empty())
      return invalid(fmt::format("flags: {} is no flag's key.", flag.dump()));
    if (auto may = needs(call.caller, "updateTrackEvents", {call.path[0], *key, "flag", flag.get<std::string>()}); !may)
      return tl::unexpected(may.error());
    if (once.insert(flag.get<std::string>()).second)
      (void)add_switch(context, *environment, flag.get<std::string>(), on.get<bool>(), writes);
  }
  const std::size_t changed = writes.size();
  choose_flags(*environment, writes);
  if (writes.empty()) return RestAnswer{200, {{"changed", 0}}};
  const auto made = context.catalog.commit(
      std::move(writes), audit_entry(context.clock.wall_ms(), call.caller, "updateTrackEvents",
                                     fmt::format("proj/{}:env/{}:flag/*", call.path[0], *key),
                                     fmt::format("{} {} in \"{}/{}\"", on.get<bool>() ? "switched on" : "switched off",
                                                 counted(changed, "flag"), call.path[0], *key),
                                     *comment));
  if (!made) return refused(made.error());
  return RestAnswer{200, {{"changed", changed}}};
}

RestOutcome patch_flag(const RestContext& context, const RestCall& call) {
  const auto project = project_of(context.view, call);
  if (!project) return tl::unexpected(project.error());
  const auto flag = shown_flag(context.view, call, *project);
  if (!flag) return tl::unexpected(flag.error());
  const auto switches = flag_switches(*flag, call);
  if (!switches) return tl::unexpected(switches.error());
  std::vector<catalog::CatalogWrite> writes;
  std::string what;
  for (const auto& [key, on] : switches->by_environment) {
    const auto environment = context.catalog.environment(call.path[0], key);
    if (!environment) return not_found(fmt::format("The project \"{}\" has no environment \"{}\".", call.path[0], key));
    if (auto may = needs(call.caller, "updateTrackEvents", {call.path[0], key, "flag", call.path[1]}); !may)
      return tl::unexpected(may.error());
    add_switch(context, *environment, call.path[1], on, writes);
    choose_flags(*environment, writes);
    what += fmt::format("{}{} \"{}\" in \"{}/{}\"", what.empty() ? "" : ", ", on ? "switched on" : "switched off",
                        call.path[1], call.path[0], key);
  }
  if (!writes.empty()) {
    const auto made = context.catalog.commit(
        std::move(writes),
        audit_entry(context.clock.wall_ms(), call.caller, "updateTrackEvents",
                    fmt::format("proj/{}:env/*:flag/{}", call.path[0], call.path[1]), what, switches->comment));
    if (!made) return refused(made.error());
  }
  // The registry follows within a second: what is asked for is answered.
  RestJson answer = *flag;
  for (const auto& [key, on] : switches->by_environment) answer["environments"][key]["trackEvents"] = on;
  return RestAnswer{200, std::move(answer)};
}

}  // namespace sluice::api
