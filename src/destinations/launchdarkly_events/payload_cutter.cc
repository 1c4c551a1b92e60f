#include "destinations/launchdarkly_events/payload_cutter.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/gzip_text.h"
#include "destinations/launchdarkly_events/gzip_body.h"
#include "destinations/launchdarkly_events/payload_array.h"
#include "event/json_scalar.h"

namespace sluice::launchdarkly_events {
namespace {

using event::EventKind;
using event::MemberName;
using event::TrackedEvaluations;

// The first that has `summary` events.
constexpr std::uint8_t kFirstSummarizedSchema = 3;
constexpr std::string_view kTrue = "true", kFalse = "false";

// A whole number, as SDKs write a flag's version or a rule's place: 12, and Go's 12.0.
std::optional<std::int64_t> whole_number(std::string_view json) {
  constexpr double kWholeDoubles = 9'007'199'254'740'992.0;  // 2^53
  std::int64_t number = 0;
  const char* end = json.data() + json.size();
  if (const auto read = std::from_chars(json.data(), end, number); read.ec == std::errc() && read.ptr == end)
    return number;
  const std::string text(json);
  char* stopped = nullptr;
  const double real = std::strtod(text.c_str(), &stopped);
  if (stopped != text.c_str() + text.size() || !(std::abs(real) < kWholeDoubles) || real != std::floor(real))
    return std::nullopt;
  return static_cast<std::int64_t>(real);
}

// Reasons that name neither the fallthrough nor a rule.
bool is_reason_without_rule(std::string_view kind) {
  return kind == "OFF" || kind == "TARGET_MATCH" || kind == "PREREQUISITE_FAILED" || kind == "ERROR";
}

}  // namespace

std::optional<CutPayload> PayloadCutter::cut(const event::Original& original, const event::PayloadSource& source,
                                             const event::FlagTracking& tracking) {
  if (source.schema < kFirstSummarizedSchema || original.target.method != "POST") return std::nullopt;
  const std::optional<std::string> plain = plain_body(original);
  if (!plain || plain->find("\"feature\"") == std::string::npos) return std::nullopt;
  const auto array = payload_array(*plain);
  if (!array) return std::nullopt;
  CutPayload cut;
  std::string body(array->before);
  bool any = false;
  const auto keep = [&](std::string_view element) {
    if (any) body += ',';
    any = true;
    body += element;
  };
  for (const std::string_view element : array->elements) {
    if (is_wanted(element, tracking)) {
      keep(element);
    } else if (!source.unsummarized) {
      ++cut.cut_events;
    } else if (const auto at = track_events_at()) {
      keep(element.substr(0, *at));
      body.append(kFalse).append(element.substr(*at + kTrue.size()));
      ++cut.cut_events;
    } else {
      keep(element);
    }
  }
  if (cut.cut_events == 0) return std::nullopt;
  body += array->behind;
  cut.is_empty = !any;
  cut.body = is_gzip(original) ? gzip_text(body) : std::move(body);
  return cut;
}

bool PayloadCutter::is_wanted(std::string_view text, const event::FlagTracking& tracking) {
  if (text.find("\"feature\"") == std::string_view::npos || !index_.scan(text)) return true;
  walk_.start(index_);
  if (walk_.at(0) != '{' || parts_.take(0) != walk_.size()) return true;
  const auto kind = parts_.value(MemberName::kind);
  if (!kind || walk_.at(*kind) != '"' || event::event_kind_sent(walk_.inside(*kind)) != EventKind::feature) return true;
  const auto key_token = event::event_key(parts_, EventKind::feature);
  const auto version_token = parts_.value_not_null(MemberName::version);
  if (!key_token || !version_token || parts_.in_experiment()) return true;
  const auto version = whole_number(walk_.text(*version_token));
  return !version || is_covered(tracking.tracked(key(*key_token), *version));
}

bool PayloadCutter::is_covered(const TrackedEvaluations& tracked) const {
  using Which = TrackedEvaluations::Which;
  if (tracked.which != Which::some) return tracked.which != Which::none;
  // SDKs put the reason of an evaluation that upstream tracks by its rule into the event, asked or not.
  const auto reason = parts_.value_not_null(MemberName::reason);
  if (!reason) return false;
  const auto kind_token = walk_.find_in_checked(*reason, "kind");
  if (!kind_token || walk_.at(*kind_token) != '"') return true;
  const std::string_view kind = walk_.inside(*kind_token);
  if (kind == "FALLTHROUGH") return tracked.fallthrough;
  if (kind != "RULE_MATCH") return !is_reason_without_rule(kind);
  const auto index_token = walk_.find_in_checked(*reason, "ruleIndex");
  const auto rule = index_token ? whole_number(walk_.text(*index_token)) : std::nullopt;
  if (!rule || *rule < 0) return true;
  return *rule < static_cast<std::int64_t>(event::kTrackedRules) && (tracked.rules >> *rule & 1) != 0;
}

std::string PayloadCutter::key(std::uint32_t token) const {
  const std::string_view inside = walk_.inside(token);
  return inside.find('\\') == std::string_view::npos ? std::string(inside) : event::json_unescaped(inside);
}

std::optional<std::size_t> PayloadCutter::track_events_at() const {
  const auto token = parts_.value(MemberName::track_events);
  if (!token || walk_.text(*token) != kTrue) return std::nullopt;
  return walk_.offset(*token);
}

}  // namespace sluice::launchdarkly_events
