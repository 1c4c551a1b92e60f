// What is shown of a destination that is on and could not be started: blocked, why, and what its owner can do. Pure,
// but for a line in the log when it is so for the first time.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "catalog/snapshot.h"
#include "export/export_status.h"

namespace sluice::exporting {

// `waiting`: events that wait for it, at most. `before`: what was shown of it last; null: this is the first attempt.
std::shared_ptr<DestinationStatus> not_started_status(const catalog::Destination& destination, const Error& why,
                                                      std::uint64_t waiting, const DestinationStatus* before,
                                                      std::int64_t now_ms);

}  // namespace sluice::exporting
