// How many shards a destination's stream needs for what arrives, by what was measured and by the rule of thumb, and
// what that costs. The measure is of accepted events, not of delivered ones: a stream that throttles lets through what
// it has shards for. docs/cost.md. Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>

#include "destinations/kinesis/cost.h"
#include "export/export_status.h"

namespace sluice::kinesis {

// What arrives for a destination: accepted events that pass its filter, at the mean size of delivered ones; before the
// first delivery at kAssumedBytesPerEvent. The share that passes the filter is that of the destination's whole life.
Traffic arriving_traffic(const exporting::DestinationStatus& status);

nlohmann::ordered_json shard_advice_json(const exporting::DestinationStatus& status);

// What to do about the problem: with the number of shards if it is that a provisioned stream has too few.
std::string remedy_of(const exporting::Problem& problem, const exporting::DestinationStatus& status);

}  // namespace sluice::kinesis
