// The names of an event's members that Sluice reads or takes out; every other member is passed through as sent.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

enum class MemberName : std::uint8_t {
  unread,  // none of those below
  kind,
  id,
  key,
  version,
  variation,
  reason,
  prereq_of,
  user,
  user_key,
  context,
  context_keys,
  features,
  evaluation,
  housekeeping,  // trackEvents, debugEventsUntilDate, excludeFromSummaries, trackReason
};

inline constexpr std::size_t kMemberNames = static_cast<std::size_t>(MemberName::housekeeping) + 1;

// Of a name without escapes.
constexpr MemberName member_name(std::string_view name) {
  const auto is = [&](std::string_view known, MemberName member) {
    return name == known ? member : MemberName::unread;
  };
  switch (name.size()) {
    case 2:
      return is("id", MemberName::id);
    case 3:
      return is("key", MemberName::key);
    case 4:
      return name == "kind" ? MemberName::kind : is("user", MemberName::user);
    case 6:
      return is("reason", MemberName::reason);
    case 7:
      if (name == "version") return MemberName::version;
      return name == "context" ? MemberName::context : is("userKey", MemberName::user_key);
    case 8:
      return name == "prereqOf" ? MemberName::prereq_of : is("features", MemberName::features);
    case 9:
      return is("variation", MemberName::variation);
    case 10:
      return is("evaluation", MemberName::evaluation);
    case 11:
      if (name == "contextKeys") return MemberName::context_keys;
      return name == "trackEvents" ? MemberName::housekeeping : is("trackReason", MemberName::housekeeping);
    case 20:
      return name == "debugEventsUntilDate" ? MemberName::housekeeping
                                            : is("excludeFromSummaries", MemberName::housekeeping);
    default:
      return MemberName::unread;
  }
}

}  // namespace sluice
