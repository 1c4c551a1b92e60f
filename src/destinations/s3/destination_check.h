// Tries a destination step by step, from Sluice's own identity to an object in the bucket, and says of each step how it
// stands and what to do. It makes the same calls as delivery, with the same identity, role and client.
#pragma once

#include <functional>
#include <vector>

#include "catalog/snapshot.h"
#include "destinations/check.h"
#include "destinations/kind.h"
#include "export/test_event.h"

namespace sluice::s3 {

// All steps, in order: credentials, assumeRole, externalId, bucket, put, readBack, encryption, protection, clock.
// Blocks for seconds, a minute at the worst. `put` puts one test event: nothing else proves the permission. Not on the
// transport's thread.
std::vector<destinations::CheckStep> check_destination(const catalog::Destination& destination,
                                                       const destinations::KindParts& parts,
                                                       const std::function<exporting::TestEventOutcome()>& put);

}  // namespace sluice::s3
