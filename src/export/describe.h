// A destination's state in one sentence for people, as logs, /status, CLI and console show it
// (docs/states-and-remedies.md).
#pragma once

#include <string>

#include "export/export_status.h"

namespace sluice::exporting {

// `now_ms`: wall clock. Names numbers grouped, durations in their two largest units.
std::string describe(const DestinationStatus& status, std::int64_t now_ms);

}  // namespace sluice::exporting
