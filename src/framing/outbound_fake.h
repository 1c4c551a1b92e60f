// Events for the tests of records: any JSON, and events like those that SDKs send.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "export/sink.h"

namespace sluice::framing {

// In one entry, with tickets from `first_ticket` on. Each is a line: it ends in a newline.
std::vector<exporting::OutboundEvent> outbound_events(const std::vector<std::string>& jsons,
                                                      std::uint64_t first_ticket = 0);

// Evaluations, custom and identify events of about 550 bytes, with ids, names and addresses that do not repeat: they
// compress as the bodies of the benchmark do.
std::string typical_event(Random& random);
std::vector<exporting::OutboundEvent> typical_events(Random& random, std::size_t count, std::uint64_t first_ticket = 0);

}  // namespace sluice::framing
