// LaunchDarkly's event service as a kind of destination: the tee, which gives LaunchDarkly back the events of SDKs that
// send them to Sluice.
#pragma once

#include <memory>

#include "destinations/kind.h"

namespace sluice::launchdarkly_events {

std::unique_ptr<const destinations::DestinationKind> launchdarkly_events_kind();

}  // namespace sluice::launchdarkly_events
