// Where an event stands in the journal: its entry, and its number in that entry. As a cursor: all before it is done.
#pragma once

#include <compare>
#include <cstdint>

#include "journal/journal.h"

namespace sluice::exporting {

struct EventPlace {
  journal::Position entry;
  std::uint32_t event = 0;  // counted over all kinds, from 0
  auto operator<=>(const EventPlace&) const = default;
};

}  // namespace sluice::exporting
