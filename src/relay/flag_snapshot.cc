#include "relay/flag_snapshot.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace sluice::relay {
namespace {

// A value that SDKs read as a boolean.
bool read_flag_member(JsonScan& scan, bool& is_true) {
  scan.next();
  const std::size_t begin = scan.at();
  if (!scan.skip()) return false;
  is_true = scan.from(begin) == "true";
  return true;
}

struct TrackedRules {
  std::uint64_t rules = 0;
  bool too_many = false;  // one that is tracked is no bit of `rules`
};

bool read_rules(JsonScan& scan, TrackedRules& tracked) {
  tracked = {};
  if (scan.next() != '[') return scan.skip();
  std::size_t rule = 0;
  return scan.array([&] {
    const std::size_t number = rule++;
    if (scan.next() != '{') return scan.skip();
    bool is_tracked = false;
    const bool readable = scan.object([&](std::string_view name) {
      return json_stands_for(name, "trackEvents") ? read_flag_member(scan, is_tracked) : scan.skip();
    });
    if (is_tracked && number < event::kTrackedRules) tracked.rules |= std::uint64_t{1} << number;
    tracked.too_many = tracked.too_many || (is_tracked && number >= event::kTrackedRules);
    return readable;
  });
}

std::vector<TrackedVersion> tracked_versions(const ItemFacts& facts, const FlagItem* before) {
  std::vector<TrackedVersion> tracked{{facts.version, facts.tracked}};
  if (facts.deleted) tracked.clear();  // no SDK evaluates it any more
  if (before == nullptr) return tracked;
  for (const TrackedVersion& older : before->tracked) {
    if (facts.deleted || older.version != facts.version) {
      if (tracked.size() < kTrackedVersions) tracked.push_back(older);
    } else if (older.tracked != facts.tracked) {
      tracked.front().tracked = {};  // one version told in two ways
    }
  }
  return tracked;
}

}  // namespace

std::string_view item_kind_name(ItemKind kind) { return kind == ItemKind::flag ? "flag" : "segment"; }

FlagItemPtr find_item(const FlagItems& items, std::string_view key) {
  const auto found = std::lower_bound(items.begin(), items.end(), key,
                                      [](const FlagItemPtr& item, std::string_view of) { return item->key < of; });
  return found != items.end() && (*found)->key == key ? *found : nullptr;
}

void FlagSnapshot::count() {
  flag_count = segment_count = deleted_count = bytes = 0;
  for (const ItemKind kind : {ItemKind::flag, ItemKind::segment})
    for (const FlagItemPtr& item : of(kind)) count_in(kind, *item);
}

std::size_t& FlagSnapshot::counter(ItemKind kind, const FlagItem& item) {
  return item.deleted() ? deleted_count : kind == ItemKind::flag ? flag_count : segment_count;
}

void FlagSnapshot::count_in(ItemKind kind, const FlagItem& item) {
  bytes += item.bytes();
  ++counter(kind, item);
}

void FlagSnapshot::count_out(ItemKind kind, const FlagItem& item) {
  bytes -= item.bytes();
  --counter(kind, item);
}

event::TrackedEvaluations FlagSnapshot::tracked_upstream(std::string_view key, std::int64_t version) const {
  const FlagItemPtr flag = find_item(flags, key);
  if (flag == nullptr) return {};
  const auto found = std::find_if(flag->tracked.begin(), flag->tracked.end(),
                                  [&](const TrackedVersion& one) { return one.version == version; });
  return found == flag->tracked.end() ? event::TrackedEvaluations{} : found->tracked;
}

bool read_version(JsonScan& scan, std::int64_t& version) {
  constexpr double kWholeDoubles = 9'007'199'254'740'992.0;  // 2^53
  const char first = scan.next();
  const std::size_t begin = scan.at();
  if (first != '-' && (first < '0' || first > '9')) return scan.failing("a number as its version");
  if (!scan.skip()) return false;
  const std::string text(scan.from(begin));
  const char* end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, version); read.ec == std::errc() && read.ptr == end)
    return true;
  const double number = std::strtod(text.c_str(), nullptr);
  if (!(std::abs(number) < kWholeDoubles)) return scan.failing("a version of at most 2^53");
  version = static_cast<std::int64_t>(number);
  return true;
}

bool read_item(JsonScan& scan, ItemFacts& facts) {
  using Which = event::TrackedEvaluations::Which;
  bool events = false, fallthrough = false;
  TrackedRules rules;
  const bool readable = scan.object([&](std::string_view name) {
    if (json_stands_for(name, "version")) return read_version(scan, facts.version);
    if (json_stands_for(name, "deleted")) return read_flag_member(scan, facts.deleted);
    if (json_stands_for(name, "trackEvents")) return read_flag_member(scan, events);
    if (json_stands_for(name, "trackEventsFallthrough")) return read_flag_member(scan, fallthrough);
    if (json_stands_for(name, "rules")) return read_rules(scan, rules);
    return scan.skip();
  });
  if (events)
    facts.tracked = {Which::all};
  else if (rules.too_many)
    facts.tracked = {Which::unknown};
  else if (fallthrough || rules.rules != 0)
    facts.tracked = {Which::some, fallthrough, rules.rules};
  else
    facts.tracked = {Which::none};
  return readable;
}

FlagItemPtr make_item(ItemKind kind, std::string key, std::string_view json, const ItemFacts& facts,
                      const FlagItem* before) {
  auto item = std::make_shared<FlagItem>();
  item->key = std::move(key);
  if (!facts.deleted) item->json = json;
  item->version = facts.version;
  if (kind == ItemKind::flag) item->tracked = tracked_versions(facts, before);
  return item;
}

}  // namespace sluice::relay
