#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "api/audit.h"
#include "api/flag_patch.h"
#include "api/kept_members.h"
#include "api/rest_query.h"
#include "api/rest_resources.h"

namespace sluice::api {
namespace {

using nlohmann::json;

RestJson as_json(const std::string& text) {
  RestJson value = RestJson::parse(text, nullptr, false);
  return value.is_discarded() ? RestJson(nullptr) : value;
}

// An environment that a call is about. Without its flags' switches: those may be many.
struct Place {
  ObjectId id;
  std::string key, name;
};

// A flag of a project, from what each of its environments knows.
struct ProjectFlag {
  std::string name;
  std::map<std::int64_t, RestJson> variations;
  RestJson environments = RestJson::object();
};

void add(ProjectFlag& flag, const Place& place, const flags::FlagFacts& facts) {
  if (!facts.name.empty()) flag.name = facts.name;
  for (const flags::VariationSeen& seen : facts.variations) {
    RestJson& variation = flag.variations[seen.index];
    variation["_id"] = std::to_string(seen.index);
    variation["value"] = as_json(seen.value);
  }
  for (std::size_t i = 0; i < facts.values.size(); ++i) {
    RestJson& variation = flag.variations[static_cast<std::int64_t>(i)];
    variation["_id"] = std::to_string(i);
    if (!facts.values[i].empty()) variation["value"] = as_json(facts.values[i]);
  }
  for (std::size_t i = 0; i < facts.names.size(); ++i)
    if (!facts.names[i].empty()) flag.variations[static_cast<std::int64_t>(i)]["name"] = as_json(facts.names[i]);
  RestJson by_variation = RestJson::object();
  for (const flags::VariationSeen& seen : facts.variations)
    by_variation[std::to_string(seen.index)] = {{"evaluations", seen.evaluations}};
  flag.environments[place.key] = {{"trackEvents", facts.exported},
                                  {"trackEventsFallthrough", false},
                                  {"_environmentName", place.name},
                                  {"firstSeen", facts.first_seen_ms},
                                  {"lastSeen", facts.last_seen_ms},
                                  {"evaluations", facts.evaluations},
                                  {"lastSummary", facts.last_summary_ms},
                                  {"summarizedEvaluations", facts.summarized},
                                  {"summaryOnly", facts.exported && facts.summary_only()},
                                  {"_summary", {{"variations", std::move(by_variation)}}}};
}

std::vector<Place> asked_places(const RestContext& context, const RestCall& call, const catalog::Project& project) {
  std::set<std::string> keys;
  const auto [first, last] = call.query.equal_range("env");
  for (auto it = first; it != last; ++it) keys.insert(it->second);
  std::vector<Place> places;
  context.catalog.each_environment(project.id, [&](const catalog::Environment& environment) {
    if (keys.empty() || keys.contains(environment.key))
      places.push_back({environment.id, environment.key, environment.name});
  });
  return places;
}

// A flag as its environments know it; none: no environment does.
std::optional<ProjectFlag> flag_of(const RestContext& context, const std::vector<Place>& places,
                                   const std::string& key) {
  std::optional<ProjectFlag> flag;
  for (const Place& place : places) {
    const auto facts = context.flags.one(place.id, key);
    if (!facts) continue;
    if (!flag) flag.emplace();
    add(*flag, place, *facts);
  }
  return flag;
}

RestJson flag_json(const catalog::Project& project, const std::string& key, const ProjectFlag& flag) {
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

RestResult<catalog::Managed<catalog::Project>> project_of(const RestContext& context, const RestCall& call) {
  if (auto project = context.catalog.project(call.path[0])) return std::move(*project);
  return not_found(fmt::format("There is no project with the key \"{}\".", call.path[0]));
}

RestResult<RestJson> shown(const RestContext& context, const RestCall& call, const catalog::Project& project) {
  const auto flag = flag_of(context, asked_places(context, call, project), call.path[1]);
  if (!flag)
    return not_found(fmt::format("The project \"{}\" has no flag \"{}\". A flag appears when an event names it.",
                                 call.path[0], call.path[1]));
  return flag_json(project, call.path[1], *flag);
}

struct FlagsQuery {
  std::size_t limit = flags::kMaxFlags, offset = 0;
  std::string text;  // in key or name, any case; empty: all
  std::string by = "key";
  bool descending = false;
};

RestResult<FlagsQuery> flags_query(const RestCall& call) {
  FlagsQuery query;
  const auto limit = number_in_query(call, "limit", query.limit, 1, flags::kMaxFlags);
  const auto offset = number_in_query(call, "offset", 0, 0, UINT32_MAX);
  if (!limit) return tl::unexpected(limit.error());
  if (!offset) return tl::unexpected(offset.error());
  query.limit = *limit;
  query.offset = *offset;
  constexpr std::string_view kQuery = "query:";
  if (const std::string filter = call.query_one("filter"); !filter.empty()) {
    if (!filter.starts_with(kQuery)) return invalid("filter: expected query: and a part of a key or name.");
    query.text = lower_case(filter.substr(kQuery.size()));
  }
  if (std::string sort = call.query_one("sort"); !sort.empty()) {
    query.descending = sort.starts_with('-');
    query.by = sort.substr(query.descending);
    if (query.by != "key" && query.by != "evaluations" && query.by != "lastSeen")
      return invalid(
          fmt::format("sort: \"{}\" is none; expected key, evaluations or lastSeen, with - for the other way "
                      "round.",
                      sort));
  }
  return query;
}

// A flag of a project as it is searched and ordered, over the environments that were asked for.
struct ListedFlag {
  std::string key, name;
  std::int64_t rank = 0;
};

std::vector<ListedFlag> listed_flags(const RestContext& context, const std::vector<Place>& places,
                                     const std::string& by) {
  std::vector<ListedFlag> flags;
  std::unordered_map<std::string, std::size_t> known;
  for (const Place& place : places) {
    for (flags::FlagLine& line : context.flags.lines(place.id)) {
      std::size_t at = flags.size();
      // Of one environment each is there once.
      if (places.size() > 1) at = known.emplace(line.key, at).first->second;
      if (at == flags.size()) flags.push_back({std::move(line.key), {}, 0});
      ListedFlag& flag = flags[at];
      if (!line.name.empty()) flag.name = std::move(line.name);
      if (by == "evaluations") flag.rank += static_cast<std::int64_t>(line.evaluations);
      if (by == "lastSeen") flag.rank = std::max(flag.rank, line.last_seen_ms);
    }
  }
  return flags;
}

bool contains(const ListedFlag& flag, const std::string& text) {
  return text.empty() || lower_case(flag.key).find(text) != std::string::npos ||
         lower_case(flag.name).find(text) != std::string::npos;
}

}  // namespace

RestOutcome list_flags(const RestContext& context, const RestCall& call) {
  const auto project = project_of(context, call);
  if (!project) return tl::unexpected(project.error());
  const auto query = flags_query(call);
  if (!query) return tl::unexpected(query.error());
  const auto places = asked_places(context, call, project->value);
  std::vector<ListedFlag> found = listed_flags(context, places, query->by);
  std::erase_if(found, [&](const ListedFlag& flag) { return !contains(flag, query->text); });
  const std::size_t total = found.size(), first = std::min(query->offset, total);
  const std::size_t last = first + std::min(query->limit, total - first);
  // By key among equals, whichever way round.
  const auto before = [&](const ListedFlag& a, const ListedFlag& b) {
    if (query->by == "key") return query->descending ? b.key < a.key : a.key < b.key;
    if (a.rank != b.rank) return query->descending ? b.rank < a.rank : a.rank < b.rank;
    return a.key < b.key;
  };
  // Only the page is put in order: lists are long.
  const auto at = [&](std::size_t index) { return found.begin() + static_cast<std::ptrdiff_t>(index); };
  if (first < total) std::nth_element(found.begin(), at(first), found.end(), before);
  std::partial_sort(at(first), at(last), found.end(), before);
  RestJson items = RestJson::array();
  for (std::size_t i = first; i < last; ++i)
    if (const auto flag = flag_of(context, places, found[i].key))
      items.push_back(flag_json(project->value, found[i].key, *flag));
  return RestAnswer{200,
                    {{"_links", {{"self", rest_link("/api/v2/flags/" + call.path[0])}}},
                     {"totalCount", total},
                     {"items", std::move(items)}}};
}

RestOutcome get_flag(const RestContext& context, const RestCall& call) {
  const auto project = project_of(context, call);
  if (!project) return tl::unexpected(project.error());
  auto flag = shown(context, call, project->value);
  if (!flag) return tl::unexpected(flag.error());
  return RestAnswer{200, std::move(*flag)};
}

namespace {

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
      std::move(writes),
      audit_entry(context.clock.wall_ms(), call.caller, "updateTrackEvents",
                  fmt::format("proj/{}:env/{}:flag/*", call.path[0], *key),
                  fmt::format("{} {} flags in \"{}/{}\"", on.get<bool>() ? "switched on" : "switched off", changed,
                              call.path[0], *key),
                  *comment));
  if (!made) return refused(made.error());
  return RestAnswer{200, {{"changed", changed}}};
}

RestOutcome patch_flag(const RestContext& context, const RestCall& call) {
  const auto project = project_of(context, call);
  if (!project) return tl::unexpected(project.error());
  const auto flag = shown(context, call, project->value);
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

namespace {

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
  const auto project = project_of(context, call);
  if (!project) return tl::unexpected(project.error());
  const auto flag = posted_flag(call.body);
  if (!flag) return tl::unexpected(flag.error());
  std::vector<catalog::CatalogWrite> writes;
  std::optional<RestError> refused_here;
  const auto environments = context.catalog.environments(project->value.id);
  for (const auto& [revision, fields, extra, environment] : environments) {
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
  for (const auto& [revision, fields, extra, environment] : environments) {
    flags::FlagFacts facts;
    facts.key = flag->key;
    if (auto seen = context.flags.one(environment.id, flag->key)) facts = std::move(*seen);
    facts.exported = facts.last_seen_ms > 0 ? facts.exported : context.flags.new_flags_exported(environment.id);
    facts.name = flag->name;
    facts.values = flag->values;
    facts.names.clear();
    for (const std::string& name : flag->names) facts.names.push_back(name.empty() ? "" : json(name).dump());
    add(answer, {environment.id, environment.key, environment.name}, facts);
  }
  return RestAnswer{201, flag_json(project->value, flag->key, answer)};
}

}  // namespace sluice::api
