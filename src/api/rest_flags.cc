// Lists of flags, and one flag.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "api/flag_view.h"
#include "api/rest_query.h"
#include "base/text.h"

namespace sluice::api {
namespace {

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
    query.text = lower(filter.substr(kQuery.size()));
  }
  if (std::string sort = call.query_one("sort"); !sort.empty()) {
    query.descending = sort.starts_with('-');
    query.by = sort.substr(query.descending);
    if (query.by != "key" && query.by != "evaluations" && query.by != "lastSeen")
      return invalid(
          fmt::format("sort: \"{}\" is not valid; expected key, evaluations or lastSeen, with - for reverse "
                      "round.",
                      sort));
  }
  return query;
}

// A flag of a project as it is searched and ordered, over the requested environments.
struct ListedFlag {
  std::string key;
  bool found = false;  // in one of them
  std::int64_t rank = 0;
};

bool contains(std::string_view text, std::string_view lower_cased) {
  const auto same = [](char a, char b) { return lower_case_of(a) == b; };
  return std::search(text.begin(), text.end(), lower_cased.begin(), lower_cased.end(), same) != text.end() ||
         lower_cased.empty();
}

std::vector<ListedFlag> found_flags(const ServerView& view, const std::vector<Place>& places, const FlagsQuery& query) {
  std::vector<ListedFlag> flags;
  std::unordered_map<std::string, std::size_t> known;                       // where two may tell of the same flag
  const bool once = places.size() == 1 && !places.front().delivery.served;  // each line is another flag
  const auto add_line = [&](const flags::FlagLine& line) {
    const bool found = contains(line.key, query.text) || contains(line.name, query.text);
    if (!found && once) return;
    const std::size_t end = flags.size();
    const std::size_t at = once ? end : known.emplace(line.key, end).first->second;
    if (at == end) flags.push_back({std::string(line.key), false, 0});
    ListedFlag& flag = flags[at];
    flag.found |= found;
    if (query.by == "evaluations") flag.rank += static_cast<std::int64_t>(line.evaluations);
    if (query.by == "lastSeen") flag.rank = std::max(flag.rank, line.last_seen_ms);
  };
  for (const Place& place : places) {
    view.flags.each_line(place.id, add_line);
    if (place.delivery.served == nullptr) continue;
    for (const relay::FlagItemPtr& flag : place.delivery.served->snapshot().flags)
      if (!flag->deleted()) add_line({flag->key, {}, 0, 0});
  }
  std::erase_if(flags, [](const ListedFlag& flag) { return !flag.found; });
  return flags;
}

}  // namespace

RestOutcome list_flags(const ServerView& view, const RestCall& call) {
  const auto project = project_of(view, call);
  if (!project) return tl::unexpected(project.error());
  const auto query = flags_query(call);
  if (!query) return tl::unexpected(query.error());
  const auto places = asked_places(view, call, *project);
  std::vector<ListedFlag> found = found_flags(view, places, *query);
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
    if (const auto flag = flag_of(view, places, found[i].key))
      items.push_back(flag_json(*project, found[i].key, *flag));
  return RestAnswer{200,
                    {{"_links", {{"self", rest_link("/api/v2/flags/" + call.path[0])}}},
                     {"totalCount", total},
                     {"items", std::move(items)}}};
}

RestOutcome get_flag(const ServerView& view, const RestCall& call) {
  const auto project = project_of(view, call);
  if (!project) return tl::unexpected(project.error());
  auto flag = shown_flag(view, call, *project);
  if (!flag) return tl::unexpected(flag.error());
  return RestAnswer{200, std::move(*flag)};
}

}  // namespace sluice::api
