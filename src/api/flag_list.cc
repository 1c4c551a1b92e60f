#include "api/flag_list.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::api {
namespace {

using nlohmann::ordered_json;

// A value or name as it was sent; null for what is no JSON or was too long to keep.
ordered_json listed_value(const std::string& text) {
  ordered_json value = ordered_json::parse(text, nullptr, false);
  return value.is_discarded() ? ordered_json(nullptr) : value;
}

ordered_json variations_json(const flags::FlagFacts& flag) {
  ordered_json list = ordered_json::array();
  for (const flags::VariationSeen& seen : flag.variations) {
    ordered_json one = {{"variation", seen.index}, {"value", listed_value(seen.value)}};
    const auto index = static_cast<std::size_t>(seen.index);
    if (index < flag.names.size() && !flag.names[index].empty()) one["name"] = listed_value(flag.names[index]);
    list.push_back(std::move(one));
  }
  return list;
}

ordered_json flag_json(const flags::FlagFacts& flag) {
  return {{"key", flag.key},
          {"name", flag.name.empty() ? ordered_json(nullptr) : ordered_json(flag.name)},
          {"export", flag.exported},
          {"firstSeen", flag.first_seen_ms},
          {"lastSeen", flag.last_seen_ms},
          {"evaluations", flag.evaluations},
          {"variations", variations_json(flag)}};
}

}  // namespace

std::string flag_list_json(const ServerView& view) {
  ordered_json environments = ordered_json::array();
  if (const catalog::CatalogPointer catalog = view.catalog.current()) {
    for (const catalog::Environment& environment : catalog->environments()) {
      ordered_json flags = ordered_json::array();
      for (const flags::FlagFacts& flag : view.flags.list(environment.id)) flags.push_back(flag_json(flag));
      environments.push_back({{"project", environment.project_key},
                              {"environment", environment.key},
                              {"featureEvents", environment.flag_export.as_sent ? "as sent" : "chosen flags"},
                              {"exportNewFlags", view.flags.new_flags_exported(environment.id)},
                              {"flags", std::move(flags)}});
    }
  }
  const ordered_json all = {{"environments", std::move(environments)}};
  return all.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace sluice::api
