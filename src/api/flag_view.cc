#include "api/flag_view.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "api/sdk_view.h"

namespace sluice::api {
namespace {

RestJson as_json(const std::string& text) {
  RestJson value = RestJson::parse(text, nullptr, false);
  return value.is_discarded() ? RestJson(nullptr) : value;
}

FlagDeliveryFacts delivery_facts(const ServerView& view, const catalog::Environment& environment) {
  FlagDeliveryFacts facts;
  facts.as_sent = environment.flag_export.as_sent;
  facts.has_source = environment.flag_source.kind != catalog::FlagSource::Kind::none && view.relay != nullptr;
  if (!facts.has_source) return facts;
  facts.served = view.relay->served(environment.id);
  for (relay::FlagFeedStatus& feed : view.relay->status(environment.id))
    if (feed.filter.empty()) facts.feed = std::move(feed);
  const std::int64_t now_ms = view.clock.wall_ms();
  for (const intake::SeenSdkLine& sdk : view.intake.sdks.list(environment.id, now_ms)) {
    ++facts.sdks;
    facts.sdks_with_flags += flags_of(sdk, now_ms) != SdkFlags::none && !sdk.asks_values_only;
  }
  return facts;
}

}  // namespace

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
  flag.environments[place.key] = {
      {"trackEvents", facts.exported},
      {"trackEventsFallthrough", false},
      {"_environmentName", place.name},
      {"firstSeen", facts.first_seen_ms},
      {"lastSeen", facts.last_seen_ms},
      {"evaluations", facts.evaluations},
      {"lastSummary", facts.last_summary_ms},
      {"summarizedEvaluations", facts.summarized},
      {"summaryOnly", facts.exported && facts.summary_only()},
      {"inFull", full_sending_json(full_sending(place.delivery, facts.key, facts.exported))},
      {"_summary", {{"variations", std::move(by_variation)}}}};
}

Place place_of(const ServerView& view, const catalog::Environment& environment) {
  return {environment.id, environment.key, environment.name, delivery_facts(view, environment)};
}

std::vector<Place> asked_places(const ServerView& view, const RestCall& call, const catalog::Project& project) {
  std::set<std::string> keys;
  const auto [first, last] = call.query.equal_range("env");
  for (auto it = first; it != last; ++it) keys.insert(it->second);
  std::vector<Place> places;
  const catalog::CatalogPointer catalog = view.catalog.current();
  for (const catalog::Environment& environment : catalog->environments())
    if (environment.project_id == project.id && (keys.empty() || keys.contains(environment.key)))
      places.push_back(place_of(view, environment));
  return places;
}

bool source_has(const Place& place, std::string_view key) {
  return place.delivery.served && place.delivery.served->served_as(key) != relay::ServedAs::unknown;
}

std::optional<ProjectFlag> flag_of(const ServerView& view, const std::vector<Place>& places, const std::string& key) {
  std::optional<ProjectFlag> flag;
  for (const Place& place : places) {
    auto facts = view.flags.one(place.id, key);
    if (!facts && source_has(place, key)) facts = view.flags.unknown(place.id, key);
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

RestResult<catalog::Project> project_of(const ServerView& view, const RestCall& call) {
  const catalog::CatalogPointer catalog = view.catalog.current();
  if (const catalog::Project* const project = catalog->project(call.path[0])) return *project;
  return not_found(fmt::format("There is no project with the key \"{}\".", call.path[0]));
}

RestResult<RestJson> shown_flag(const ServerView& view, const RestCall& call, const catalog::Project& project) {
  const auto flag = flag_of(view, asked_places(view, call, project), call.path[1]);
  if (!flag)
    return not_found(
        fmt::format("The project \"{}\" has no flag \"{}\". A flag appears when an event or the flag "
                    "source names it.",
                    call.path[0], call.path[1]));
  return flag_json(project, call.path[1], *flag);
}

}  // namespace sluice::api
