// One event taken apart: its members in the order sent, and of those that Sluice reads, which one counts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "event/json_walk.h"
#include "event/kind.h"
#include "event/member_name.h"

namespace sluice::event {

struct EventMember {
  JsonMember at;
  MemberName name;
  bool superseded;  // the same name came again: the last one counts, as in JSON libraries at large
};

// One member of a context, and the "key" in its value, which is what counts if the context is of several kinds.
struct ContextMember {
  std::uint32_t name;
  std::uint32_t value;
  std::uint32_t key;  // the value's token, or JsonWalk::kInvalid: the member is no object, or has no key
};

// One thread; reused from event to event.
class EventParts {
 public:
  explicit EventParts(JsonWalk& walk) : walk_(walk) {}

  // Checks the object at `token` and takes it apart; returns the token after it, or JsonWalk::kInvalid.
  std::uint32_t take(std::uint32_t token);

  const std::vector<EventMember>& members() const { return members_; }
  // How deep the event is nested; an object of scalars is 1.
  std::size_t depth() const { return depth_; }

  // The value's token of a member that Sluice reads; nothing if the event has none of that name.
  std::optional<std::uint32_t> value(MemberName name) const;
  // As value(), but nothing for null too.
  std::optional<std::uint32_t> value_not_null(MemberName name) const;
  // The members of the context, if it is an object.
  const std::vector<ContextMember>& context_members() const { return context_members_; }
  // reason.inExperiment is true.
  bool in_experiment() const { return in_experiment_; }

  const JsonWalk& walk() const { return walk_; }

 private:
  std::uint32_t take_member(std::uint32_t name_token, std::uint32_t value_token);
  std::uint32_t take_context(std::uint32_t token);
  std::uint32_t take_context_member(std::uint32_t name_token, std::uint32_t value_token);
  std::uint32_t take_reason(std::uint32_t token);
  std::uint32_t check_nested(std::uint32_t token, std::size_t around);

  JsonWalk& walk_;
  std::vector<EventMember> members_;
  std::vector<ContextMember> context_members_;
  std::array<std::uint32_t, kMemberNames> counted_{};  // 1 + the place in members_ of the one that counts; 0: none
  std::size_t depth_ = 0;
  bool in_experiment_ = false;
};

// The event's kind, by its name as sent.
EventKind event_kind_sent(std::string_view inside_of_string);

// The envelope's version: 2 for events of context-aware SDKs, 1 for those of user-based ones (docs/events.md,
// "version").
std::uint8_t event_version(const EventParts& event, EventKind kind, std::uint8_t schema);

// The token of the string that is the flag's or event's key, if the event has one.
std::optional<std::uint32_t> event_key(const EventParts& event, EventKind kind);

}  // namespace sluice::event
