// Tries the event service step by step: an empty payload for each credential that the environment has.
#pragma once

#include <functional>
#include <vector>

#include "destinations/check.h"
#include "destinations/kind.h"

namespace sluice::launchdarkly_events {

// Blocks for seconds, half a minute at the worst. Not on the transport's thread.
std::vector<destinations::CheckStep> check_tee(const catalog::Destination& destination,
                                               const destinations::KindParts& parts,
                                               const std::function<exporting::TestEventOutcome()>& put);

}  // namespace sluice::launchdarkly_events
