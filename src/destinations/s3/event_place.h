// Where an event stands in the journal: its entry, and its number in that entry.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "journal/journal.h"

namespace sluice::s3 {

struct EventPlace {
  journal::Position entry;
  std::uint32_t event = 0;  // counted over all kinds, from 0
  auto operator<=>(const EventPlace&) const = default;
};

// As keys of objects show it: 16 hex digits, and ".000012" behind them for another event than the entry's first. Sorts
// as places do, up to a million events an entry.
std::string place_text(const EventPlace& place);

}  // namespace sluice::s3
