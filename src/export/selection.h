// Which events a destination gets, or that it gets originals. One place, asked once per event and destination.
#pragma once

#include "catalog/snapshot.h"
#include "event/entry.h"
#include "journal/cursor_store.h"

namespace sluice::exporting {

inline bool selects(const catalog::Destination& destination, event::EventKind kind) {
  return kind == event::EventKind::original ? destination.wants_originals
                                            : !destination.wants_originals && destination.kinds.has(kind);
}

inline journal::CursorUnit unit_of(const catalog::Destination& destination) {
  return destination.wants_originals ? journal::CursorUnit::payloads : journal::CursorUnit::events;
}

inline bool selects(const catalog::Destination& destination, const event::EventSlot& event) {
  return selects(destination, event.kind);
}

// How many of the counted events the destination gets; of payloads, for one that wants originals.
inline std::uint64_t selected(const catalog::Destination& destination, const event::EventKindCounts& counts) {
  std::uint64_t sum = 0;
  for (const event::EventKindRow& row : event::kEventKinds)
    if (selects(destination, row.kind)) sum += counts[static_cast<std::size_t>(row.kind)];
  return sum;
}

}  // namespace sluice::exporting
