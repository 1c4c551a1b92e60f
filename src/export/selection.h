// Which events a destination gets. One place, asked once per event and destination.
#pragma once

#include "catalog/snapshot.h"
#include "event/entry.h"

namespace sluice::exporting {

inline bool selects(const catalog::Destination& destination, const event::EventSlot& event) {
  return destination.kinds.has(event.kind);
}

// How many of the counted events the destination gets.
inline std::uint64_t selected(const catalog::Destination& destination, const event::EventKindCounts& counts) {
  std::uint64_t sum = 0;
  for (const event::EventKindRow& row : event::kEventKinds)
    if (destination.kinds.has(row.kind)) sum += counts[static_cast<std::size_t>(row.kind)];
  return sum;
}

}  // namespace sluice::exporting
