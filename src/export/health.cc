#include "export/health.h"

#include "export/limits.h"

namespace sluice::exporting {

std::string_view destination_state_name(DestinationState state) {
  switch (state) {
    case DestinationState::delivering:
      return "delivering";
    case DestinationState::idle:
      return "idle";
    case DestinationState::behind:
      return "behind";
    case DestinationState::waiting:
      return "waiting";
    case DestinationState::blocked:
      return "blocked";
    case DestinationState::off:
      return "off";
  }
  return "unknown";
}

DestinationState destination_state(const DestinationFacts& facts) {
  if (!facts.on) return DestinationState::off;
  if (facts.problem && facts.problem->weight == Problem::Weight::setup) return DestinationState::blocked;
  if (facts.problem && facts.problem->weight == Problem::Weight::transient) return DestinationState::waiting;
  if (facts.waiting_events > 0 && facts.oldest_waiting_ms >= facts.behind_after_ms) return DestinationState::behind;
  const bool delivered_lately = facts.since_last_delivery_ms >= 0 && facts.since_last_delivery_ms < kIdleAfterMs;
  return facts.waiting_events > 0 || delivered_lately ? DestinationState::delivering : DestinationState::idle;
}

}  // namespace sluice::exporting
