// A webhook destination tried step by step.
#pragma once

#include <functional>
#include <vector>

#include "catalog/snapshot.h"
#include "destinations/check.h"
#include "destinations/kind.h"
#include "export/test_event.h"

namespace sluice::webhook {

// Blocks. `put` sends the test event.
std::vector<destinations::CheckStep> check_receiver(const catalog::Destination& destination,
                                                    const destinations::KindParts& parts,
                                                    const std::function<exporting::TestEventOutcome()>& put);

}  // namespace sluice::webhook
