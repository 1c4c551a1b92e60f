#include "event/event_parts.h"

#include <algorithm>

#include "event/json_scalar.h"

namespace sluice::event {
namespace {

bool has_escape(std::string_view inside) { return inside.find('\\') != std::string_view::npos; }

// Whether any flag of a summary lists context kinds, which only context-aware SDKs do.
bool lists_context_kinds(const JsonWalk& walk, std::uint32_t features) {
  if (walk.at(features) != '{') return false;
  std::uint32_t token = features + 1;
  for (; walk.at(token) == '"'; ++token) {
    const auto kinds = walk.find_in_checked(token + 2, "contextKinds");
    if (kinds && walk.at(*kinds) != 'n') return true;
    token = walk.skip_checked(token + 2);
  }
  return false;
}

}  // namespace

EventKind event_kind_sent(std::string_view inside) {
  if (inside.empty()) return EventKind::other;
  if (!has_escape(inside)) return event_kind_named(inside);
  return event_kind_named(json_unescaped(inside));
}

std::uint32_t EventParts::take(std::uint32_t token) {
  members_.clear();
  context_members_.clear();
  counted_ = {};
  depth_ = 1;
  in_experiment_ = false;
  return walk_.check_object(token,
                            [this](std::uint32_t name, std::uint32_t value) { return take_member(name, value); });
}

std::uint32_t EventParts::take_member(std::uint32_t name_token, std::uint32_t value_token) {
  const std::string_view inside = walk_.inside(name_token);
  const MemberName name = member_name(walk_.escape_in_last_string() ? json_unescaped(inside) : inside);

  std::uint32_t after;
  switch (name) {
    case MemberName::context:
      after = take_context(value_token);
      break;
    case MemberName::reason:
      after = take_reason(value_token);
      break;
    default:
      after = check_nested(value_token, 1);
      break;
  }
  if (after == JsonWalk::kInvalid) return after;
  if (name != MemberName::unread) {
    std::uint32_t& counted = counted_[static_cast<std::size_t>(name)];
    if (counted != 0) members_[counted - 1].superseded = true;
    counted = static_cast<std::uint32_t>(members_.size()) + 1;
  }
  members_.push_back({{name_token, value_token, after}, name, false});
  return after;
}

std::uint32_t EventParts::check_nested(std::uint32_t token, std::size_t around) {
  const std::uint32_t after = walk_.check_value(token);
  depth_ = std::max(depth_, around + walk_.depth());
  return after;
}

std::uint32_t EventParts::take_context(std::uint32_t token) {
  context_members_.clear();
  if (walk_.at(token) != '{') return check_nested(token, 1);
  depth_ = std::max(depth_, std::size_t{2});
  return walk_.check_object(
      token, [this](std::uint32_t name, std::uint32_t value) { return take_context_member(name, value); });
}

std::uint32_t EventParts::take_context_member(std::uint32_t name_token, std::uint32_t value_token) {
  ContextMember member{name_token, value_token, JsonWalk::kInvalid};
  std::uint32_t after;
  if (walk_.at(value_token) == '{') {
    depth_ = std::max(depth_, std::size_t{3});
    after = walk_.check_object(value_token, [&](std::uint32_t name, std::uint32_t value) {
      if (walk_.stands_for(name, "key")) member.key = value;
      return check_nested(value, 3);
    });
  } else {
    after = check_nested(value_token, 2);
  }
  context_members_.push_back(member);
  return after;
}

std::uint32_t EventParts::take_reason(std::uint32_t token) {
  in_experiment_ = false;
  if (walk_.at(token) != '{') return check_nested(token, 1);
  depth_ = std::max(depth_, std::size_t{2});
  return walk_.check_object(token, [this](std::uint32_t name, std::uint32_t value) {
    const std::uint32_t after = check_nested(value, 2);
    if (after != JsonWalk::kInvalid && walk_.stands_for(name, "inExperiment")) in_experiment_ = walk_.at(value) == 't';
    return after;
  });
}

std::optional<std::uint32_t> EventParts::value(MemberName name) const {
  const std::uint32_t counted = counted_[static_cast<std::size_t>(name)];
  if (counted == 0) return std::nullopt;
  return members_[counted - 1].at.value;
}

std::optional<std::uint32_t> EventParts::value_not_null(MemberName name) const {
  const auto token = value(name);
  return token && walk_.at(*token) != 'n' ? token : std::nullopt;
}

std::uint8_t event_version(const EventParts& event, EventKind kind, std::uint8_t schema) {
  constexpr std::uint8_t kUserBased = 1;
  constexpr std::uint8_t kContextAware = 2;
  constexpr std::uint8_t kFirstContextSchema = 4;
  if (event.value_not_null(MemberName::context) || event.value_not_null(MemberName::context_keys)) return kContextAware;
  if (event.value_not_null(MemberName::user) || event.value_not_null(MemberName::user_key)) return kUserBased;
  if (kind == EventKind::alias) return kUserBased;
  if (schema >= kFirstContextSchema) return kContextAware;
  if (kind != EventKind::summary) return kUserBased;
  const auto features = event.value(MemberName::features);
  return features && lists_context_kinds(event.walk(), *features) ? kContextAware : kUserBased;
}

std::optional<std::uint32_t> event_key(const EventParts& event, EventKind kind) {
  std::optional<std::uint32_t> key;
  switch (kind) {
    case EventKind::feature:
    case EventKind::debug:
    case EventKind::custom:
    case EventKind::click:
    case EventKind::pageview:
    case EventKind::other:
      key = event.value(MemberName::key);
      break;
    case EventKind::migration_op:
      if (const auto evaluation = event.value(MemberName::evaluation))
        key = event.walk().find_in_checked(*evaluation, "key");
      break;
    default:
      break;
  }
  return key && event.walk().at(*key) == '"' ? key : std::nullopt;
}

}  // namespace sluice::event
