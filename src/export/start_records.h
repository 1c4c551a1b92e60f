// Which destinations have been given a place in the journal, kept apart from the place itself, so that a destination
// whose cursor is gone is told from a new one. DATA_DIR/destinations/ID.json, written once the cursor is durable:
//   {"name":"flag events","began":"2026-11-26T17:00:00.000Z"}
// What it says is for people; that it is there is what counts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/object_id.h"
#include "base/result.h"
#include "storage/file_system.h"

namespace sluice::exporting {

// Any thread, for different destinations.
class StartRecords {
 public:
  StartRecords(storage::FileSystem& files, const std::string& data_directory)
      : files_(files), directory_(data_directory + "/destinations") {}
  // One that cannot be read, or holds something else, is there: to deliver again is better than to skip.
  bool exists(ObjectId destination) const;
  // Durable when it returns. Does nothing when there is one with this name.
  Result<void> write(ObjectId destination, std::string_view name, std::int64_t now_ms);
  void remove(ObjectId destination);

 private:
  std::string path_of(ObjectId destination) const { return directory_ + "/" + destination.hex() + ".json"; }
  storage::FileSystem& files_;
  const std::string directory_;
};

// The name in the record at `path`; empty when it has none, or cannot be read.
std::string name_in_start_record(storage::FileSystem& files, const std::string& path);

}  // namespace sluice::exporting
