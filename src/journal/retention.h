// Which segments may be given up: a pure decision.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "journal/journal.h"

namespace sluice::journal {

struct RetainedSegment {
  Position end;  // behind its last frame
  std::int64_t newest_received_ms = 0;
};

// How many of the oldest segments may be removed. `sealed` in order, without the one that is written. `needed_from`:
// the least hold; without one, nothing is needed.
std::size_t segments_past_retention(std::span<const RetainedSegment> sealed, std::optional<Position> needed_from,
                                    std::int64_t now_ms, std::int64_t retention_ms);
// The same when room is needed, whatever their age.
std::size_t segments_reclaimable(std::span<const RetainedSegment> sealed, std::optional<Position> needed_from);

}  // namespace sluice::journal
