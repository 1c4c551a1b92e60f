// A flag that is declared before any event names it.
#include <fmt/format.h>

#include <optional>

#include "api/audit.h"
#include "api/flag_view.h"
#include "api/kept_members.h"

namespace sluice::api {
namespace {

using nlohmann::json;

constexpr std::size_t kMostVariations = 100;
constexpr std::size_t kMostFlagBytes = 64u << 10;  // of a flag's name and variations together

// What LaunchDarkly's clients send and this does not need: of the right type, so that a mistake is found here too.
const json kIgnored = {{"kind", ""},
                       {"description", ""},
                       {"tags", json::array()},
                       {"temporary", true},
                       {"defaults", {{"onVariation", 0}, {"offVariation", 0}}},
                       {"clientSideAvailability", {{"usingEnvironmentId", true}, {"usingMobileKey", true}}},
                       {"includeInSnippet", true},
                       {"maintainerId", ""}};

struct PostedFlag {
  std::string key, name;
  std::vector<std::string> names, values;
};

RestResult<PostedFlag> posted_flag(const json& body) {
  if (!body.is_object())
    return invalid(
        "The body is no object; expected a flag such as {\"key\":\"new-checkout\",\"name\":\"New checkout\"}.");
  if (auto good = only_known(body, {"key", "name", "variations", "kind", "description", "tags", "temporary", "defaults",
                                    "clientSideAvailability", "includeInSnippet", "customProperties", "maintainerId"});
      !good)
    return tl::unexpected(good.error());
  if (auto good = check_kept(body, kIgnored); !good) return tl::unexpected(good.error());
  if (!body.value("customProperties", json::object()).is_object())
    return invalid("customProperties: expected an object, of what is known by its key.");
  if (body.dump(-1, ' ', false, json::error_handler_t::replace).size() > kMostFlagBytes)
    return invalid(fmt::format("The flag has more than {} bytes.", kMostFlagBytes));
  PostedFlag flag;
  const auto key = text_member(body, "key", "a key");
  const auto name = text_member(body, "name", "a name");
  for (const auto* member : {&key, &name})
    if (!*member) return tl::unexpected(member->error());
  if (key->empty()) return invalid("key: It is missing; expected a flag's key such as \"new-checkout\".");
  flag.key = *key;
  flag.name = name->empty() ? *key : *name;
  // A flag without variations is true or false, as LaunchDarkly has it.
  const json variations = body.value("variations", json::array({{{"value", true}}, {{"value", false}}}));
  if (!variations.is_array() || variations.size() > kMostVariations)
    return invalid(fmt::format("variations: expected a list of at most {}.", kMostVariations));
  for (const json& variation : variations) {
    if (!variation.is_object() || !variation.contains("value"))
      return invalid("variations: expected objects such as {\"value\":true,\"name\":\"on\"}.");
    const auto called = text_member(variation, "name", "a name");
    if (!called) return invalid("variations." + called.error().message);
    flag.names.push_back(*called);
    flag.values.push_back(variation["value"].dump(-1, ' ', false, json::error_handler_t::replace));
  }
  return flag;
}

}  // namespace

RestOutcome make_flag(const RestContext& context, const RestCall& call) {
  const auto project = project_of(context.view, call);
  if (!project) return tl::unexpected(project.error());
  const auto flag = posted_flag(call.body);
  if (!flag) return tl::unexpected(flag.error());
  std::vector<catalog::CatalogWrite> writes;
  std::optional<RestError> refused_here;
  const auto environments = context.catalog.environments(project->id);
  for (const auto& managed : environments) {
    const catalog::Environment& environment = managed.value;
    const auto known = context.catalog.flag(environment.id, flag->key);
    catalog::CatalogWrite write{catalog::DocumentKind::flag,
                                catalog::flag_document_id(environment.id, flag->key),
                                known ? known->fields : json::object(),
                                json::object(),
                                known ? known->revision : 0,
                                false};
    if (write.fields.contains("name"))
      refused_here = RestError{409, "conflict", fmt::format("key: There is a flag \"{}\" already.", flag->key), {}};
    if (auto may = needs(call.caller, "createFlag", {call.path[0], environment.key, "flag", flag->key}); !may)
      refused_here = may.error();
    write.fields["name"] = flag->name;
    write.fields["variation_names"] = flag->names;
    write.fields["variation_values"] = flag->values;
    writes.push_back(std::move(write));
  }
  if (refused_here) return tl::unexpected(*refused_here);
  if (writes.empty())
    return refuse(409, "conflict",
                  fmt::format("The project \"{}\" has no environment yet; a flag is of environments. Make one first.",
                              call.path[0]));
  const auto made = context.catalog.commit(
      std::move(writes), audit_entry(context.clock.wall_ms(), call.caller, "createFlag",
                                     fmt::format("proj/{}:env/*:flag/{}", call.path[0], flag->key),
                                     fmt::format("told the flag \"{}\" of \"{}\"", flag->key, call.path[0]), {}, {},
                                     call.body.dump(-1, ' ', false, json::error_handler_t::replace)));
  if (!made) return refused(made.error());
  // The registry follows within a second: what was asked for is answered.
  ProjectFlag answer;
  for (const auto& managed : environments) {
    const catalog::Environment& environment = managed.value;
    flags::FlagFacts facts;
    facts.key = flag->key;
    if (auto seen = context.flags.one(environment.id, flag->key)) facts = std::move(*seen);
    facts.exported = facts.last_seen_ms > 0 ? facts.exported : context.flags.new_flags_exported(environment.id);
    facts.name = flag->name;
    facts.values = flag->values;
    facts.names.clear();
    for (const std::string& name : flag->names) facts.names.push_back(name.empty() ? "" : json(name).dump());
    add(answer, place_of(context.view, environment), facts);
  }
  return RestAnswer{201, flag_json(*project, flag->key, answer)};
}

}  // namespace sluice::api
