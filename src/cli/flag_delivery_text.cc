#include "cli/flag_delivery_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/counted.h"
#include "cli/terminal.h"
#include "cli/text_table.h"

namespace sluice::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t kMinuteMs = 60'000, kHourMs = 60 * kMinuteMs, kDayMs = 24 * kHourMs;

// "3 min ago".
std::string ago(std::int64_t at_ms, std::int64_t now_ms) {
  if (at_ms <= 0) return "never";
  const std::int64_t age_ms = std::max<std::int64_t>(now_ms - at_ms, 0);
  if (age_ms < kMinuteMs) return fmt::format("{} s ago", age_ms / 1'000);
  if (age_ms < kHourMs) return fmt::format("{} min ago", age_ms / kMinuteMs);
  if (age_ms < kDayMs) return fmt::format("{} h ago", age_ms / kHourMs);
  return fmt::format("{} d ago", age_ms / kDayMs);
}

std::string line(std::string_view name, std::string_view value) { return fmt::format("{:<13} {}\n", name, value); }

Colour colour_of_feed(std::string_view state) {
  if (state == "following") return Colour::green;
  return state == "connecting" ? Colour::blue : state == "behind" ? Colour::amber : Colour::red;
}

// What each state means.
std::string_view meaning_of(std::string_view state) {
  if (state == "following") return "changes arrive";
  if (state == "behind") return "the source is unavailable; SDKs get what it said last";
  if (state == "connecting") return "the source has said nothing yet";
  return "the source is unavailable and has said nothing yet; SDKs get no flags";
}

std::string address_of(const ordered_json& answer) {
  if (answer.contains("streamUri")) return answer.value("streamUri", "");
  std::string names;
  if (answer.contains("files"))
    for (const ordered_json& file : answer["files"]) names += (names.empty() ? "" : ", ") + file.get<std::string>();
  return names;
}

std::string problem_text(const ordered_json& problem) {
  std::string out = "\n" + indented(problem.value("message", ""), 2);
  if (const std::string remedy = problem.value("remedy", ""); !remedy.empty()) out += indented(remedy, 2);
  return out;
}

std::string feed_text(const ordered_json& feed, std::int64_t now_ms) {
  std::string out;
  if (const std::string filter = feed.value("filter", ""); !filter.empty()) out += "\n" + line("filter", filter);
  const std::string state = feed.value("state", "");
  const bool former = state == "behind" && feed.value("ofFormerSource", false);
  out += line("state", fmt::format("{}: {}", in_colour(state, colour_of_feed(state)),
                                   former ? "the source is unavailable; SDKs get what the one before it said"
                                          : meaning_of(state)));
  out += line("since", ago(feed.value("since", std::int64_t{0}), now_ms));
  out += line("last change", ago(feed.value("lastChange", std::int64_t{0}), now_ms));
  const std::uint64_t unreadable = feed.value("unreadableFlags", std::uint64_t{0});
  out += line("flags",
              fmt::format("{}, {}{}", counted(feed.value("flags", std::uint64_t{0}), "flag"),
                          counted(feed.value("segments", std::uint64_t{0}), "segment"),
                          unreadable == 0 ? "" : fmt::format("; {} could not be read", counted(unreadable, "flag"))));
  out += line("streams",
              fmt::format("{} of servers, {} of mobile apps and browsers", feed.value("streams", std::uint64_t{0}),
                          feed.value("pingStreams", std::uint64_t{0})));
  if (feed.contains("problem")) out += problem_text(feed["problem"]);
  return out;
}

// Of mobile apps and browsers, which do not evaluate.
std::string evaluations_text(const ordered_json& evaluations, const std::string& address, std::int64_t now_ms) {
  const std::string state = evaluations.value("state", "");
  std::string out = "\n" + line("evaluations", "for mobile apps and browsers, by " + address);
  const auto shown = [&](Colour colour, std::string_view text) {
    return fmt::format("{}: {}", in_colour(state, colour), text);
  };
  if (state == "not asked") return out + line("state", shown(Colour::blue, "no app has asked for its flags yet"));
  const bool failing = state == "failing";
  out += line("state", failing ? shown(Colour::red, "apps and pages get no flags")
                               : shown(Colour::green, "apps get their flags"));
  out += line("since", ago(evaluations.value("since", std::int64_t{0}), now_ms));
  out += line("last answer", ago(evaluations.value("lastAnswered", std::int64_t{0}), now_ms));
  if (evaluations.contains("problem")) out += problem_text(evaluations["problem"]);
  return out;
}

}  // namespace

std::string flag_source_text(const ordered_json& answer, std::int64_t now_ms) {
  const std::string source = answer.value("flagSource", "");
  if (source == "none")
    return "The environment has no flag source: SDKs take their flags elsewhere. To set one:\n"
           "  sluice environment update PROJECT ENVIRONMENT --flag-source launchdarkly\n";
  std::string out = line("source", source == "files" ? "flag data files" : "LaunchDarkly, or an ld-relay");
  out += line("address", address_of(answer));
  for (const ordered_json& feed : answer["feeds"]) out += feed_text(feed, now_ms);
  if (answer.contains("evaluations"))
    out += evaluations_text(answer["evaluations"], answer.value("clientBaseUri", ""), now_ms);
  return out;
}

std::string seen_sdks_text(const ordered_json& answer, std::int64_t now_ms, std::size_t columns) {
  const std::string since = ago(answer.value("since", std::int64_t{0}), now_ms);
  if (answer["items"].empty()) return fmt::format("No SDKs seen since the server started, {}.\n", since);
  std::vector<std::vector<std::string>> rows = {{"SDK", "KEY", "FLAGS", "EVENTS", "SEEN", "NEEDS"}};
  for (const ordered_json& sdk : answer["items"]) {
    std::string name = sdk.value("name", "");
    if (name.empty()) name = "(does not say)";
    if (const std::string version = sdk.value("version", ""); !version.empty()) name += " " + version;
    if (const std::string wrapper = sdk.value("wrapper", ""); !wrapper.empty()) name += ", " + wrapper;
    const std::string credential = sdk.value("credential", "");
    const std::uint64_t streams = sdk.value("streams", std::uint64_t{0});
    rows.push_back({name,
                    credential == "sdk_key"      ? "SDK key"
                    : credential == "mobile_key" ? "mobile"
                                                 : "client id",
                    streams > 0 ? counted(streams, "stream") : sdk.value("flags", ""),
                    sdk.value("sendsEvents", false) ? "yes" : "no", ago(sdk.value("lastSeen", std::int64_t{0}), now_ms),
                    sdk.contains("needs") ? sdk["needs"].value("message", "") : "-"});
  }
  std::string out = text_table(std::move(rows), columns);
  out += fmt::format("Seen since the server started, {}.", since);
  if (const std::uint64_t forgotten = answer.value("forgotten", std::uint64_t{0}); forgotten > 0)
    out += fmt::format(" The list is full: {} left it.", counted(forgotten, "SDK"));
  return out + "\n";
}

std::string flag_text(const ordered_json& answer, std::int64_t now_ms) {
  std::string out = answer.value("key", "");
  if (const std::string name = answer.value("name", ""); name != out) out += ": " + name;
  out += "\n";
  for (const auto& [key, environment] : answer["environments"].items()) {
    out += fmt::format("\n{}\n", key);
    out += "  " + line("export", environment.value("trackEvents", false) ? "on" : "off");
    const ordered_json full = environment.value("inFull", ordered_json::object());
    const std::int64_t since_ms = full.value("since", std::int64_t{0});
    const bool sent = full.value("sent", false);
    out += "  " + line("in full", in_colour(sent ? "yes" : "no", sent ? Colour::green : Colour::amber));
    out += indented(full.value("message", "") + (since_ms > 0 ? " Since: " + ago(since_ms, now_ms) + "." : ""), 16);
    out += "  " + line("evaluations", std::to_string(environment.value("evaluations", std::uint64_t{0})));
    out += "  " + line("last seen", ago(environment.value("lastSeen", std::int64_t{0}), now_ms));
  }
  return out;
}

}  // namespace sluice::cli
