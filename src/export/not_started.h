// What is shown of a destination that could not be settled as the catalog says, with why, and what its owner can do:
// one that is on is blocked, one that is off has a note. Pure, but for a line in the log when it is so for the first
// time.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "catalog/snapshot.h"
#include "export/export_status.h"
#include "export/health.h"

namespace sluice::exporting {

// `waiting`: events that wait for it, at most. `before`: what was shown of it last; null: this is the first attempt.
std::shared_ptr<DestinationStatus> not_started_status(const catalog::Destination& destination, const Error& why,
                                                      std::uint64_t waiting, const DestinationStatus* before,
                                                      std::int64_t now_ms);

// Of one that is off: its place cannot be read, or what it misses cannot be counted. `before`: its note so far; null:
// there is none.
Problem place_unknown_note(const catalog::Destination& destination, const Error& why, const Problem* before,
                           std::int64_t now_ms);

}  // namespace sluice::exporting
