// Takes out of a payload what LaunchDarkly would not have got without Sluice: `feature` events of flags that upstream
// does not track, which SDKs sent because Sluice switched tracking on (docs/decisions/0010-cut-at-the-tee.md).
//
// An event is cut if upstream's own tracking of that flag in that version is known (event/upstream_tracking.h) and does
// not cover it. Everything else stays: events of other kinds, of experiments (`reason.inExperiment`), of versions that
// are not remembered, and what cannot be read. So does every byte that is not of a cut event or the comma beside it.
//
// Two kinds of SDK send a `feature` event whether a flag is tracked or not:
//   - those that do not summarize (PHP's; X-LaunchDarkly-Unsummarized): LaunchDarkly counts their events, and keeps
//     those in full that say `"trackEvents":true`. Their events stay, and this is set to false.
//   - those of event schemas 1 and 2: their payloads stay as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "event/entry.h"
#include "event/event_parts.h"
#include "event/json_index.h"
#include "event/json_walk.h"
#include "event/original.h"
#include "event/upstream_tracking.h"

namespace sluice::launchdarkly_events {

struct CutPayload {
  std::string body;              // in the original's Content-Encoding
  std::uint32_t cut_events = 0;  // of those that LaunchDarkly would not have got in full
  bool is_empty = false;         // no event is left
};

// One thread.
class PayloadCutter {
 public:
  // Nothing: the payload is to be forwarded as it came. `source`: what its request said of all its events.
  std::optional<CutPayload> cut(const event::Original& original, const event::PayloadSource& source,
                                const event::FlagTracking& tracking);

 private:
  // Reads one event; whether LaunchDarkly would have got it without Sluice, as far as is known.
  bool is_wanted(std::string_view text, const event::FlagTracking& tracking);
  bool is_covered(const event::TrackedEvaluations& tracked) const;
  std::string key(std::uint32_t token) const;
  // Where `trackEvents` of the event that was read last says true, in its text.
  std::optional<std::size_t> track_events_at() const;

  event::JsonIndex index_;
  event::JsonWalk walk_;
  event::EventParts parts_{walk_};
};

}  // namespace sluice::launchdarkly_events
