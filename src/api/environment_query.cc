#include "api/environment_query.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/rest_query.h"
#include "api/rest_routes.h"
#include "base/text.h"

namespace sluice::api {
namespace {

using nlohmann::json;

constexpr std::string_view kQuery = "query:", kTags = "tags:";

struct Filter {
  std::string text;  // in lower case; empty: any
  std::vector<std::string> tags;
};

RestResult<Filter> read_filter(const std::string& text) {
  Filter filter;
  if (text.empty()) return filter;
  for (const std::string_view term : split_text(text, ',')) {
    if (term.starts_with(kQuery) && term.size() > kQuery.size()) {
      filter.text = lower(std::string(term.substr(kQuery.size())));
      continue;
    }
    if (!term.starts_with(kTags) || term.size() == kTags.size())
      return invalid(
          fmt::format("filter: \"{}\" is not understood; expected query:TEXT, tags:TAG+TAG, or both with a comma "
                      "between them.",
                      term));
    // A + that is not escaped comes as a space.
    std::string tags(term.substr(kTags.size()));
    std::replace(tags.begin(), tags.end(), ' ', '+');
    for (const std::string_view tag : split_text(tags, '+')) filter.tags.emplace_back(tag);
  }
  return filter;
}

bool passes(const Filter& filter, const catalog::Managed<catalog::Environment>& environment) {
  if (lower(environment.value.key).find(filter.text) == std::string::npos &&
      lower(environment.value.name).find(filter.text) == std::string::npos)
    return false;
  const json tags = environment.extra.value("tags", json::array());
  return std::all_of(filter.tags.begin(), filter.tags.end(), [&](const std::string& tag) {
    return std::any_of(tags.begin(), tags.end(), [&](const json& has) { return has == tag; });
  });
}

std::string rank_of(const catalog::Managed<catalog::Environment>& environment, std::string_view by) {
  if (by == "key") return environment.value.key;
  if (by == "name") return environment.value.name;
  if (by == "critical") return environment.extra.value("critical", json()) == json(true) ? "1" : "0";
  return environment.value.id.hex();
}

}  // namespace

RestResult<std::vector<catalog::Managed<catalog::Environment>>> asked_environments(
    std::vector<catalog::Managed<catalog::Environment>> environments, const RestCall& call) {
  const auto filter = read_filter(call.query_one("filter"));
  if (!filter) return tl::unexpected(filter.error());
  const std::string sort = call.query_one("sort");
  const bool descending = sort.starts_with('-');
  const std::string by = sort.substr(descending ? 1 : 0);
  if (!sort.empty() && by != "createdOn" && by != "key" && by != "name" && by != "critical")
    return invalid(
        fmt::format("sort: \"{}\" is not valid; expected createdOn, key, name or critical, with - for reverse.", sort));
  std::erase_if(environments, [&](const auto& environment) { return !passes(*filter, environment); });
  if (!sort.empty())
    std::stable_sort(environments.begin(), environments.end(), [&](const auto& a, const auto& b) {
      return descending ? rank_of(b, by) < rank_of(a, by) : rank_of(a, by) < rank_of(b, by);
    });
  return environments;
}

}  // namespace sluice::api
