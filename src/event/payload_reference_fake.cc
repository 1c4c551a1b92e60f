#include "event/payload_reference_fake.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "event/context_keys.h"
#include "event/json_grammar.h"
#include "event/reading_fake.h"

namespace sluice::event {
namespace {

using Json = nlohmann::json;

struct Expected {
  bool usable = false;
  EventKind kind = EventKind::unusable;
  Json event;  // without id
  std::string key;
  int version = 2;
  bool in_experiment = false;
};

bool present(const Json& object, const char* name) { return object.contains(name) && !object.at(name).is_null(); }

std::size_t depth_of(const Json& value) {
  std::size_t deepest = 0;
  if (!value.is_structured()) return 0;
  for (const Json& inner : value) deepest = std::max(deepest, depth_of(inner));
  return deepest + 1;
}

// Null if there are none to fill in.
Json context_keys_of(const Json& context) {
  if (!context.is_object() || !context.contains("kind") || !context.at("kind").is_string()) return nullptr;
  const auto key = [](const Json& of) { return of.is_object() && of.contains("key") && of.at("key").is_string(); };
  Json keys;
  if (context.at("kind") != "multi") {
    if (key(context)) keys[std::string(context.at("kind"))] = context.at("key");
    return keys;
  }
  if (context.size() > kMaxContextKinds) return nullptr;
  for (const auto& [kind, inner] : context.items())
    if (kind != "kind" && key(inner)) keys[kind] = inner.at("key");
  return keys;
}

int version_of(const Json& event, EventKind kind, int schema) {
  if (present(event, "context") || present(event, "contextKeys")) return 2;
  if (present(event, "user") || present(event, "userKey") || kind == EventKind::alias) return 1;
  if (kind == EventKind::summary && event.contains("features") && event.at("features").is_object())
    for (const Json& flag : event.at("features"))
      if (flag.is_object() && present(flag, "contextKinds")) return 2;
  return schema >= 4 ? 2 : 1;
}

std::string key_of(const Json& event, EventKind kind) {
  constexpr std::size_t kLongest = 65535;
  static const std::set<EventKind> with_key = {EventKind::feature, EventKind::debug,    EventKind::custom,
                                               EventKind::click,   EventKind::pageview, EventKind::other};
  const Json* of = &event;
  if (kind == EventKind::migration_op) {
    if (!event.contains("evaluation")) return {};
    of = &event.at("evaluation");
  } else if (!with_key.contains(kind)) {
    return {};
  }
  if (!of->is_object() || !of->contains("key") || !of->at("key").is_string()) return {};
  const std::string key = of->at("key");
  return key.size() > kLongest ? std::string() : key;
}

Expected expected_of(const Json& sent, int schema) {
  static const std::set<EventKind> filled = {EventKind::feature, EventKind::debug,    EventKind::custom,
                                             EventKind::click,   EventKind::pageview, EventKind::migration_op};
  Expected expected;
  if (!sent.is_object() || !sent.contains("kind") || !sent.at("kind").is_string()) return expected;
  if (depth_of(sent) > kMaxEventDepth) return expected;
  expected.usable = true;
  expected.kind = event_kind_named(std::string(sent.at("kind")));
  expected.version = version_of(sent, expected.kind, schema);
  expected.key = key_of(sent, expected.kind);
  expected.in_experiment = sent.contains("reason") && sent.at("reason").is_object() &&
                           sent.at("reason").value("inExperiment", Json()) == Json(true);
  expected.event = sent;
  for (const char* name : {"id", "trackEvents", "debugEventsUntilDate", "excludeFromSummaries", "trackReason"})
    expected.event.erase(name);
  if (expected.kind != EventKind::other)
    for (const char* name : {"version", "variation", "reason", "prereqOf"})
      if (!present(sent, name)) expected.event.erase(name);
  if (filled.contains(expected.kind) && !sent.contains("contextKeys") && sent.contains("context")) {
    const Json keys = context_keys_of(sent.at("context"));
    if (!keys.is_null()) expected.event["contextKeys"] = keys;
  }
  return expected;
}

// Whether whitespace stands outside strings.
bool loose(std::string_view json) {
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (in_string && json[i] == '\\')
      ++i;
    else if (json[i] == '"')
      in_string = !in_string;
    else if (!in_string && static_cast<unsigned char>(json[i]) <= ' ')
      return true;
  }
  return false;
}

std::string compare_event(const Expected& expected, const ReadEvent& read) {
  if (!expected.usable) return read.kind == EventKind::unusable ? "" : "it was taken though it is unusable";
  if (read.kind != expected.kind)
    return fmt::format("kind {} in place of {}", event_kind_name(read.kind), event_kind_name(expected.kind));
  if (read.version != expected.version) return fmt::format("version {} in place of {}", read.version, expected.version);
  if (read.in_experiment != expected.in_experiment) return "the experiment's mark is wrong";
  if (loose(read.json)) return "the JSON is not compact";
  if (!check_json(read.json)) return "the JSON is not valid";
  if (Json::parse('"' + read.key + '"') != Json(expected.key))
    return fmt::format("key {} in place of {}", read.key, expected.key);
  Json json = Json::parse(read.json);
  if (!json.contains("id") || !ObjectId::parse(std::string(json.at("id")))) return "it has no id of ours";
  json.erase("id");
  if (json != expected.event) return "the exported event differs: expected " + expected.event.dump();
  return {};
}

// The events of an array, byte by byte; nothing: it is none. What is an object by its first byte need not be JSON.
std::optional<std::vector<std::string_view>> split(std::string_view body) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto trimmed = [&](std::string_view text) {
    const std::size_t first = text.find_first_not_of(kSpace);
    return first == std::string_view::npos ? std::string_view()
                                           : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
  };
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  body = trimmed(body);
  if (body.size() < 2 || body.front() != '[' || body.back() != ']') return std::nullopt;
  body = body.substr(1, body.size() - 2);
  std::vector<std::string_view> events;
  if (trimmed(body).empty()) return events;
  bool in_string = false;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= body.size(); ++i) {
    if (i == body.size() && in_string) return std::nullopt;
    if (in_string) {
      if (body[i] == '\\')
        ++i;
      else if (body[i] == '"')
        in_string = false;
      continue;
    }
    const char c = i < body.size() ? body[i] : ',';
    in_string = c == '"';
    depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    if (depth < 0) return std::nullopt;
    if (c != ',' || (depth > 0 && i < body.size())) continue;
    if (depth > 0) return std::nullopt;
    events.push_back(trimmed(body.substr(begin, i - begin)));
    if (!events.back().starts_with('{') && !check_json(events.back())) return std::nullopt;
    begin = i + 1;
  }
  if (begin <= body.size()) return std::nullopt;  // an escape at the end
  return events;
}

}  // namespace

std::string compare_with_reference(std::string_view body, int schema) {
  const ReadPayload read = read_payload(body, schema);
  const auto events = split(body);
  if (events.has_value() != read.error.empty())
    return events ? "a JSON array was refused: " + read.error : "what is no JSON array was taken";
  if (read.error.find("please report") != std::string::npos) return "the error is of no use: " + read.error;
  if (!events) return {};
  if (events->size() != read.events.size())
    return fmt::format("{} events in place of {}", read.events.size(), events->size());
  for (std::size_t i = 0; i < events->size(); ++i) {
    const std::string_view event = (*events)[i];
    Expected expected;
    if (check_json(event)) {
      const Json sent = Json::parse(event, nullptr, false);
      if (sent.is_discarded()) continue;
      expected = expected_of(sent, schema);
    } else {
      expected.usable = false;
    }
    const std::string difference = compare_event(expected, read.events[i]);
    if (!difference.empty()) return fmt::format("event {}: {}\nread: {}", i, difference, read.events[i].json);
  }
  return {};
}

}  // namespace sluice::event
