// How many shards a destination's stream needs, by what was measured and by the rule of thumb, and what that costs.
#pragma once

#include <nlohmann/json.hpp>

#include "export/exporter.h"

namespace sluice::api {

// The rule of thumb that users of LaunchDarkly's Data Export know.
inline constexpr double kEventsPerShardAndMonth = 50e6;

nlohmann::ordered_json shard_advice_json(const exporting::DestinationStatus& status);

}  // namespace sluice::api
