// Places of events as keys of objects show them.
#pragma once

#include <string>

#include "export/event_place.h"

namespace sluice::s3 {

using exporting::EventPlace;

// 16 hex digits, and ".000012" behind them for another event than the entry's first. Sorts
// as places do, up to a million events an entry.
std::string place_text(const EventPlace& place);

}  // namespace sluice::s3
