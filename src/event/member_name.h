// The names of an event's members that Sluice reads or takes out; every other member is passed through as sent.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::event {

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
  value,
  variation_name,
  creation_date,
  track_events,  // housekeeping too, but it is read before it is taken out
  housekeeping,  // debugEventsUntilDate, excludeFromSummaries, trackReason
};

inline constexpr std::size_t kMemberNames = static_cast<std::size_t>(MemberName::housekeeping) + 1;

// Of a name without escapes.
inline MemberName member_name(std::string_view name) {
  // The size is known where it is called, so that each comparison is one or two of the processor's.
  const auto is = [&]<std::size_t kSize>(const char(&known)[kSize]) {
    return std::memcmp(name.data(), known, kSize - 1) == 0;
  };
  switch (name.size()) {
    case 2:
      return is("id") ? MemberName::id : MemberName::unread;
    case 3:
      return is("key") ? MemberName::key : MemberName::unread;
    case 4:
      return is("kind") ? MemberName::kind : is("user") ? MemberName::user : MemberName::unread;
    case 5:
      return is("value") ? MemberName::value : MemberName::unread;
    case 6:
      return is("reason") ? MemberName::reason : MemberName::unread;
    case 7:
      if (is("version")) return MemberName::version;
      return is("context") ? MemberName::context : is("userKey") ? MemberName::user_key : MemberName::unread;
    case 8:
      return is("prereqOf") ? MemberName::prereq_of : is("features") ? MemberName::features : MemberName::unread;
    case 9:
      return is("variation") ? MemberName::variation : MemberName::unread;
    case 10:
      return is("evaluation") ? MemberName::evaluation : MemberName::unread;
    case 11:
      if (is("contextKeys")) return MemberName::context_keys;
      if (is("trackEvents")) return MemberName::track_events;
      return is("trackReason") ? MemberName::housekeeping : MemberName::unread;
    case 12:
      return is("creationDate") ? MemberName::creation_date : MemberName::unread;
    case 13:
      return is("variationName") ? MemberName::variation_name : MemberName::unread;
    case 20:
      return is("debugEventsUntilDate") || is("excludeFromSummaries") ? MemberName::housekeeping : MemberName::unread;
    default:
      return MemberName::unread;
  }
}

}  // namespace sluice::event
