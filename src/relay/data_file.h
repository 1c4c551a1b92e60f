// LaunchDarkly's flag data files, as the file data sources of its SDKs read them: an object with any of
//   "flags", "segments":  keys and flags or segments, as a stream's `put` has them
//   "flagValues":         keys and values; each becomes a flag that is on and has this one variation
// in JSON or YAML (`.yaml`, `.yml`, or any other name when the text does not begin with '{'). Other members are
// ignored. JSON items keep their bytes; what SDKs need of one and it does not say is added at its end: its `key`, and
// its `version`, which is 1.
//
// Versions: an item that differs from the one before has a higher version than that, so that events tell the two apart,
// and one that is gone leaves its version behind. The file's own version counts when it is higher. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "relay/flag_data.h"
#include "relay/flag_snapshot.h"

namespace sluice::relay {

struct DataFile {
  std::string path;  // for errors
  std::string text;
};

// Of one file. SDKs' own files are written by people and tests; an environment's export has a few MB.
inline constexpr std::size_t kMaxDataFileBytes = 16u << 20;

// The flags and segments of all files together: a key stands once, in one of them. `before`, which may be null, is what
// they said until now, and is returned when they still say that. An error names file, line and column.
Result<FlagSnapshotPtr> read_data_files(std::span<const DataFile> files, const FlagSnapshotPtr& before,
                                        std::int64_t now_ms, const FlagDataLimits& limits = {});

}  // namespace sluice::relay
