// How a destination is doing, in the one vocabulary that logs, /status, metrics, API, CLI and console share
// (docs/states-and-remedies.md). The state is computed here and nowhere else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::exporting {

enum class DestinationState : std::uint8_t { delivering, idle, behind, waiting, blocked, off };
std::string_view destination_state_name(DestinationState state);

// Something that stands in the way of delivery, or is worth knowing. Written for a person: what happened, to which
// thing, what to do; it names the user's own values.
struct Problem {
  enum class Weight : std::uint8_t {
    note,       // delivery works; something optional does not
    transient,  // AWS throttles or fails for a time: state `waiting`
    setup,      // only a person can mend it: state `blocked`
  };
  Weight weight = Weight::transient;
  std::string code;  // stable, for machines: AWS's code or our own, such as "AccessDeniedException" or "cannot_connect"
  std::string message;        // what happened and to which thing
  std::string remedy;         // what to do; may hold a policy to paste
  std::string request_id;     // AWS's, when it gave one
  std::int64_t since_ms = 0;  // when it began (wall clock)
  std::int64_t last_seen_ms = 0;
  std::uint64_t times = 0;
  std::int64_t next_try_ms = 0;  // 0: nothing is scheduled
  bool tells_loss = false;       // of events that the destination never gets
};

// The code of a destination that cannot start: what waits for it is not known exactly.
inline constexpr std::string_view kNotStarted = "destination_not_started";

// The facts that the state follows from.
struct DestinationFacts {
  bool on = true;
  std::optional<Problem> problem;  // the worst one in force, notes excluded
  std::uint64_t waiting_events = 0;
  std::int64_t oldest_waiting_ms = 0;        // age of the oldest undelivered event; 0 when none waits
  std::int64_t since_last_delivery_ms = -1;  // -1: nothing was delivered yet
  std::int64_t behind_after_ms = 10'000;     // how old the oldest may get: a kind that collects for minutes is not late
};
DestinationState destination_state(const DestinationFacts& facts);

}  // namespace sluice::exporting
