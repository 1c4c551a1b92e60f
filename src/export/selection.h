// Which events a destination gets. One place, asked once per event and destination.
#pragma once

#include "catalog/snapshot.h"
#include "event/entry.h"

namespace sluice {

inline bool selects(const Destination& destination, const EventSlot& event) {
  return destination.kinds.has(event.kind);
}

// How many of the counted events the destination gets.
inline std::uint64_t selected(const Destination& destination, const EventKindCounts& counts) {
  std::uint64_t sum = 0;
  for (const EventKindRow& row : kEventKinds)
    if (destination.kinds.has(row.kind)) sum += counts[static_cast<std::size_t>(row.kind)];
  return sum;
}

}  // namespace sluice
