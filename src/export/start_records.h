// That a destination has begun: it was given a place in the journal once, so that a missing cursor is one that was lost
// and not that of a new destination. DATA_DIR/destinations/ID.json, written once the cursor is durable:
//   {"name":"flag events","began":"2026-11-26T17:00:00.000Z",
//    "losses":[{"code":"journal_entries_lost","message":"…","remedy":"…","since_ms":1795712400000}]}
// That it is there is what counts; the name is for people. `losses` are what status and log tell of events that it may
// never get and no counter has: they stay until the owner switches the destination off and on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/object_id.h"
#include "base/result.h"
#include "export/health.h"
#include "journal/journal.h"
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

  std::vector<Problem> losses(ObjectId destination) const;
  // Durable when it returns; in place of an earlier one of the same code. Creates the record where there is none.
  // `from`: where it began, for who finds out later what came of it.
  Result<void> add_loss(ObjectId destination, const Problem& loss, std::optional<journal::Position> from = {});
  // Nothing: there is no such loss, or it was noted without.
  std::optional<journal::Position> loss_from(ObjectId destination, std::string_view code) const;
  // Durable when it returns. Does nothing where there is none.
  Result<void> remove_loss(ObjectId destination, std::string_view code);
  // Does nothing where there is none.
  Result<void> clear_losses(ObjectId destination);

  std::string path_of(ObjectId destination) const { return directory_ + "/" + destination.hex() + ".json"; }

 private:
  storage::FileSystem& files_;
  const std::string directory_;
};

// The name in the record at `path`; empty when it has none, or cannot be read.
std::string name_in_start_record(storage::FileSystem& files, const std::string& path);

}  // namespace sluice::exporting
