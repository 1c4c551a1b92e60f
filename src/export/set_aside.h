// What is on disk of destinations that the catalog does not know: a start without --config, with catalog.db gone, with
// an older backup, or after a destination was taken out of the configuration file. Nothing of it is removed. It lies in
// DATA_DIR/set-aside, as it lay in DATA_DIR, with a note for each destination (set-aside/ID.json):
//   {"name":"flag events","since":"2026-11-26T17:00:00.000Z","since_ms":1795712400000}
// and goes back when a catalog has the destination again. Until then the journal keeps what its cursor needs: for
// retention's time from when it was set aside, unless the room is needed.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/object_id.h"
#include "base/result.h"
#include "catalog/snapshot.h"
#include "journal/journal.h"
#include "storage/file_system.h"

namespace sluice::exporting {

// The folders of the data directory in which files belong to destinations: their names begin with the destination's id.
inline constexpr std::array<std::string_view, 5> kDestinationFolders = {"cursors", "dead-letters", "replays",
                                                                        "destinations", "history"};
inline constexpr std::string_view kSetAsideFolder = "set-aside";

struct SetAsideDestination {
  ObjectId id;
  std::string name;  // as it was last known; empty: not known
  std::int64_t since_ms = 0;
  std::int64_t kept_until_ms = 0;  // the journal keeps what its cursor needs until then; 0: it has no cursor
};

// Any thread, unless said otherwise. Its lock is held over work on disk; status does not need it.
class SetAside {
 public:
  SetAside(journal::Journal& journal, storage::FileSystem& files, const Clock& clock, std::string data_directory)
      : journal_(journal), files_(files), clock_(clock), data_directory_(std::move(data_directory)) {}

  // Sets aside all that `snapshot` does not have, and holds for what lies aside already. What the disk refuses stays in
  // its place, is held for, and is tried again by sample(). At start, before the first apply().
  void begin(const catalog::CatalogSnapshot& snapshot);
  // One destination that left the catalog, and does not run any more.
  void put(ObjectId destination);
  // Brings back what lies aside of these destinations. Those for which the disk refuses, and why: they must not start.
  // The thread of apply().
  std::map<ObjectId, Error> take_back(const std::vector<catalog::Destination>& destinations);
  // Whether a cursor lies aside of it: another in its place would hide where it stopped.
  bool has_place_of(ObjectId destination) const;
  // It has a hold of its own, or needs none: what was held for it while it lay aside goes.
  void has_its_place(ObjectId destination);
  // Once a second: tries again what failed, and drops holds whose time is over.
  void sample();
  // Removes what lies aside of it: its owner deleted it.
  void forget(ObjectId destination);
  std::vector<SetAsideDestination> list() const;

 private:
  std::map<ObjectId, std::vector<std::string>> found_in(
      const std::string& directory) const;  // names, with their folder
  Result<void> move(const std::vector<std::string>& names, const std::string& from, const std::string& to);
  Result<void> put_locked(ObjectId destination, const std::vector<std::string>& names);
  void hold_locked(ObjectId destination);
  SetAsideDestination noted(ObjectId destination);
  std::string root() const { return data_directory_ + "/" + std::string(kSetAsideFolder); }

  journal::Journal& journal_;
  storage::FileSystem& files_;
  const Clock& clock_;
  const std::string data_directory_;
  mutable std::mutex mutex_;
  std::map<ObjectId, SetAsideDestination> aside_;
  std::set<ObjectId> refused_;  // the disk did not move them: still in their place
  std::set<ObjectId> held_;
};

// Whether the data directory holds anything of a destination, in its place. An error: the folder cannot be read.
Result<bool> holds_destinations(storage::FileSystem& files, const std::string& data_directory);

}  // namespace sluice::exporting
