// Tries a destination step by step, from Sluice's own identity to a record in the stream, and says of each step how it
// stands and what to do. It makes the same calls to AWS as delivery, with the same identity, role and client.
#pragma once

#include <functional>
#include <vector>

#include "catalog/snapshot.h"
#include "destinations/check.h"
#include "destinations/kinesis/make_kinesis_sink.h"
#include "export/test_event.h"

namespace sluice::kinesis {

// All steps, in order: credentials, assumeRole, externalId, stream, put, encryption, recordLimit, clock. Blocks for
// seconds, a minute at the worst. `put` puts one test event: nothing else proves the permission. Not on the transport's
// thread.
std::vector<destinations::CheckStep> check_destination(const catalog::Destination& destination,
                                                       const destinations::AwsParts& parts,
                                                       const std::function<exporting::TestEventOutcome()>& put);

}  // namespace sluice::kinesis
