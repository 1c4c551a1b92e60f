// What is on disk of destinations that the catalog does not know: a start without --config, with catalog.db gone, with
// an older backup, or after a destination was taken out of the configuration file. Nothing of it is removed. It lies in
// DATA_DIR/set-aside, as it lay in DATA_DIR, with a note for each destination (set-aside/ID.json):
//   {"name":"flag events","since":"2026-11-26T17:00:00.000Z","since_ms":1795712400000,"kind":"launchdarkly-events",
//    "environment":"578d1e02d2943862c52b9686","payloads":true}
// and goes back when a catalog has the destination again. Until then the journal keeps what its cursor needs: for
// retention's time from when it was set aside, unless the room is needed. For as long, its environment stores payloads
// as they were sent, if the destination forwards those (when_payloads_are_wanted()). What it misses all the same is
// told when it comes back.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
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
  std::string name, kind;  // as they were last known; empty: not known
  std::int64_t since_ms = 0;
  std::int64_t kept_until_ms = 0;       // the journal keeps what its cursor needs until then; 0: it has no cursor
  bool wants_payloads = false;          // as they were sent
  std::optional<ObjectId> environment;  // nothing: not known
  bool keeps_payloads = false;          // its environment stores them for it
};

// Any thread, unless said otherwise. Its lock is held over work on disk; status does not need it.
class SetAside {
 public:
  SetAside(journal::Journal& journal, storage::FileSystem& files, const Clock& clock, std::string data_directory)
      : journal_(journal), files_(files), clock_(clock), data_directory_(std::move(data_directory)) {}

  // `keep` gets the environments that are to store payloads as they were sent, for destinations that are set aside,
  // whenever these change; it must not call back. Before begin().
  void when_payloads_are_wanted(std::function<void(std::set<ObjectId>)> keep) { keep_payloads_ = std::move(keep); }
  // It is about to leave the catalog, and put() comes: payloads are kept for it from now on.
  void will_be_put(const catalog::Destination& destination);

  // Sets aside all that `snapshot` does not have, and holds for what lies aside already. What the disk refuses stays in
  // its place, is held for, and is tried again by sample(). At start, before the first apply().
  void begin(const catalog::CatalogSnapshot& snapshot);
  // One destination that left the catalog, and does not run any more.
  void put(ObjectId destination);
  // Brings back what lies aside of these destinations, and calls `came_back` for each before it is forgotten that it
  // lay aside. Those for which the disk refuses either, and why: they must not start. The thread of apply().
  using CameBack = std::function<Result<void>(const catalog::Destination&)>;
  std::map<ObjectId, Error> take_back(const std::vector<catalog::Destination>& destinations,
                                      const CameBack& came_back = {});
  // Whether a cursor lies aside of it: another in its place would hide where it stopped.
  bool has_place_of(ObjectId destination) const;
  // It has a hold of its own, or needs none: what was held for it while it lay aside goes.
  void has_its_place(ObjectId destination);
  // Once a second: tries again what failed, and drops holds whose time is over.
  void sample();
  // Removes all files of these, in either place, and makes that durable: their owner deleted them. Those of which
  // something could not be removed.
  std::set<ObjectId> forget(const std::set<ObjectId>& destinations);
  std::vector<SetAsideDestination> list() const;

 private:
  std::map<ObjectId, std::vector<std::string>> found_in(
      const std::string& directory) const;  // names, with their folder
  Result<void> move(const std::vector<std::string>& names, const std::string& from, const std::string& to);
  Result<void> put_locked(ObjectId destination, const std::vector<std::string>& names);
  void put_or_refuse_locked(ObjectId destination, const std::vector<std::string>& names);
  void hold_locked(ObjectId destination);
  SetAsideDestination noted(ObjectId destination);
  void tell_wanted_payloads_locked();
  std::set<ObjectId> noted_in_root() const;
  std::string note_path(ObjectId destination) const { return root() + "/" + destination.hex() + ".json"; }
  std::string root() const { return data_directory_ + "/" + std::string(kSetAsideFolder); }

  journal::Journal& journal_;
  storage::FileSystem& files_;
  const Clock& clock_;
  const std::string data_directory_;
  mutable std::mutex mutex_;
  std::map<ObjectId, SetAsideDestination> aside_;
  std::set<ObjectId> refused_;  // the disk did not move them: still in their place
  std::set<ObjectId> held_;
  std::map<ObjectId, ObjectId> leaving_;  // will be put, and the environment of each
  std::function<void(std::set<ObjectId>)> keep_payloads_;
  std::set<ObjectId> kept_payloads_;  // what it was last told
};

// Whether the data directory holds anything of a destination, in its place. An error: the folder cannot be read.
Result<bool> holds_destinations(storage::FileSystem& files, const std::string& data_directory);

}  // namespace sluice::exporting
