// What was exported, over time: the shape of LaunchDarkly's call of the same name.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <set>

#include "api/rest_resources.h"
#include "base/time_text.h"

namespace sluice::api {
namespace {

constexpr std::int64_t kHourMs = 3'600'000, kDayMs = 24 * kHourMs;
constexpr std::int64_t kDefaultSpanMs = 30 * kDayMs;

// What a series can be of, as the query names it and as metadata calls it.
struct Group {
  std::string_view name;
  std::string catalog::UsageRow::*column;
};
constexpr std::array<Group, 4> kGroups = {{{"projectId", &catalog::UsageRow::project},
                                           {"environmentId", &catalog::UsageRow::environment},
                                           {"eventKind", &catalog::UsageRow::kind},
                                           {"destinationId", &catalog::UsageRow::destination}}};

RestResult<std::int64_t> time_of(const RestCall& call, const char* name, std::int64_t otherwise) {
  const std::string text = call.query_one(name);
  if (text.empty()) return otherwise;
  if (text.size() <= 18 && text.find_first_not_of("0123456789") == std::string::npos) return std::stoll(text);
  if (const auto ms = parse_iso_time_ms(text)) return *ms;
  return invalid(
      fmt::format("{}: \"{}\" is not a time; expected epoch milliseconds or 2026-11-23T10:00:00Z.", name, text));
}

std::int64_t month_of(std::int64_t ms) {
  using namespace std::chrono;
  const year_month_day date{floor<days>(sys_time<milliseconds>(milliseconds(ms)))};
  const sys_days first{date.year() / date.month() / day(1)};
  return duration_cast<milliseconds>(first.time_since_epoch()).count();
}

RestResult<std::function<std::int64_t(std::int64_t)>> bucket_of(const std::string& granularity) {
  if (granularity.empty() || granularity == "daily") return [](std::int64_t ms) { return ms - ms % kDayMs; };
  if (granularity == "hourly") return [](std::int64_t ms) { return ms - ms % kHourMs; };
  if (granularity == "monthly") return month_of;
  return invalid(fmt::format("granularity: \"{}\" is not valid; expected hourly, daily or monthly.", granularity));
}

// The store filters by one value; a parameter may be given several times, and then each of its values is included.
std::string only_value(const RestCall& call, const std::string& name) {
  return call.query.count(name) == 1 ? call.query_one(name) : std::string();
}

bool is_asked_for(const RestCall& call, const catalog::UsageRow& row) {
  for (const auto& [name, column] : {std::pair{"projectKey", &catalog::UsageRow::project},
                                     {"environmentKey", &catalog::UsageRow::environment},
                                     {"eventKind", &catalog::UsageRow::kind},
                                     {"destinationId", &catalog::UsageRow::destination}}) {
    const auto [first, last] = call.query.equal_range(name);
    if (first == last) continue;
    const std::string& value = row.*column;
    if (std::none_of(first, last,
                     [&value](const auto& asked) { return asked.second.empty() || asked.second == value; }))
      return false;
  }
  return true;
}

}  // namespace

RestOutcome data_export_usage(const RestContext& context, const RestCall& call) {
  const std::int64_t now_ms = context.clock.wall_ms();
  const auto from = time_of(call, "from", now_ms - kDefaultSpanMs);
  const auto to = time_of(call, "to", now_ms + 1);
  const auto bucket = bucket_of(call.query_one("granularity"));
  if (!from) return tl::unexpected(from.error());
  if (!to) return tl::unexpected(to.error());
  if (!bucket) return tl::unexpected(bucket.error());
  const std::string aggregation = call.query_one("aggregationType");
  if (!aggregation.empty() && aggregation != "incremental" && aggregation != "month_to_date")
    return invalid(
        fmt::format("aggregationType: \"{}\" is not valid; expected incremental or month_to_date.", aggregation));
  std::vector<const Group*> groups;
  const auto [first, last] = call.query.equal_range("groupBy");
  for (auto asked = first; asked != last; ++asked) {
    const auto group =
        std::find_if(kGroups.begin(), kGroups.end(), [&](const Group& g) { return g.name == asked->second; });
    if (group == kGroups.end())
      return invalid(
          fmt::format("groupBy: \"{}\" is not valid; expected projectId, environmentId, eventKind or destinationId.",
                      asked->second));
    groups.push_back(&*group);
  }
  auto rows = context.store.usage({*from - *from % kHourMs, *to, only_value(call, "projectKey"),
                                   only_value(call, "environmentKey"), only_value(call, "eventKind"),
                                   only_value(call, "destinationId")});
  if (!rows) return refused(rows.error());
  std::erase_if(*rows, [&](const catalog::UsageRow& row) { return !is_asked_for(call, row); });

  std::map<std::vector<std::string>, std::size_t> series;  // by the values of its groups
  for (const catalog::UsageRow& row : *rows) {
    std::vector<std::string> key;
    for (const Group* group : groups) key.push_back(row.*(group->column));
    series.emplace(std::move(key), 0);
  }
  RestJson metadata = RestJson::array();
  for (auto& [key, index] : series) {
    index = metadata.size();
    RestJson one = RestJson::object();
    for (std::size_t i = 0; i < groups.size(); ++i) one[std::string(groups[i]->name)] = key[i];
    metadata.push_back(std::move(one));
  }
  std::map<std::int64_t, std::vector<std::uint64_t>> points;
  for (const catalog::UsageRow& row : *rows) {
    std::vector<std::string> key;
    for (const Group* group : groups) key.push_back(row.*(group->column));
    auto& counts = points[(*bucket)(row.hour_ms)];
    counts.resize(series.size());
    counts[series[key]] += row.events;
  }
  RestJson out = RestJson::array();
  std::vector<std::uint64_t> sums(series.size());
  std::int64_t month = 0;
  for (const auto& [time, counts] : points) {
    if (month_of(time) != month) std::fill(sums.begin(), sums.end(), 0);
    month = month_of(time);
    RestJson point = {{"time", time}};
    for (std::size_t i = 0; i < counts.size(); ++i) {
      sums[i] += counts[i];
      point[std::to_string(i)] = aggregation == "month_to_date" ? sums[i] : counts[i];
    }
    out.push_back(std::move(point));
  }
  return RestAnswer{200,
                    {{"_links", {{"self", rest_link("/api/v2/usage/data-export-events")}}},
                     {"metadata", std::move(metadata)},
                     {"series", std::move(out)}}};
}

}  // namespace sluice::api
