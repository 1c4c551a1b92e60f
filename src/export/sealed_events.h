// What sinks hold on disk for good before they have delivered it: events that are out of the journal's hands. Read
// before anything runs: at start.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "export/event_place.h"
#include "storage/file_system.h"

namespace sluice::exporting {

struct SealedEvents {
  std::uint64_t number = 0;  // its sink numbers them one after another, in the order of their events
  EventPlace first = {}, last = {};
  std::uint64_t events = 0;
  bool whole = false;  // as far as sizes tell; else they are read from the journal again, and places may be zero
};

// In a sink's folder (export/sink_folder.h), whatever kind wrote it.
using SealedInFolder = std::function<std::vector<SealedEvents>(storage::FileSystem& files, const std::string& folder)>;

}  // namespace sluice::exporting
