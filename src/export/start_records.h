// That a destination has begun: it was given a place in the journal once, so that a missing cursor is one that was lost
// and not that of a new destination. DATA_DIR/destinations/ID.json, written once the cursor is durable:
//   {"name":"flag events","began":"2026-11-26T17:00:00.000Z","kind":"webhook",
//    "environment":"578d1e02d2943862c52b9686","payloads":false,
//    "losses":[{"code":"journal_entries_lost","message":"…","remedy":"…","since_ms":1795712400000}]}
// That it is there is what counts; the name and the kind are for people. `environment`, and whether it gets payloads as
// they were sent, are what is kept for it while the catalog does not know it (export/set_aside.h). `losses` are what
// status and log tell of events that it may never get and no counter has: they stay until the owner switches the
// destination off and on.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/object_id.h"
#include "base/result.h"
#include "catalog/snapshot.h"
#include "export/health.h"
#include "journal/journal.h"
#include "storage/file_system.h"

namespace sluice::exporting {

// Who a destination was when it last started. What is empty is not known: not written yet, or by an older version.
struct StartedAs {
  std::string name, kind;
  std::optional<ObjectId> environment;
  bool wants_payloads = false;
};
StartedAs started_as(const catalog::Destination& destination);

// Any thread, one at a time for a destination.
class StartRecords {
 public:
  StartRecords(storage::FileSystem& files, const std::string& data_directory)
      : files_(files), directory_(data_directory + "/destinations") {}
  // One that cannot be read, or holds something else, is there: to deliver again is better than to skip.
  bool exists(ObjectId destination) const;
  // Durable when it returns. What is empty in `as` stays as it is. Does nothing when there is one that says so.
  Result<void> write(ObjectId destination, const StartedAs& as, std::int64_t now_ms);
  StartedAs read(ObjectId destination) const;
  std::set<ObjectId> all() const;
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

}  // namespace sluice::exporting
