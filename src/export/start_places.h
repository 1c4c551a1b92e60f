// Where destinations start: the cursors on disk of those that do not run, and what those hold of the journal before
// they do. The API fixes a start before a destination is created or switched on, so that it gets whatever is accepted
// from then on, however long apply() takes to come; and an apply() of an older catalog, in which it is still off, must
// not take that back.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "catalog/snapshot.h"
#include "journal/journal.h"
#include "storage/file_system.h"

namespace sluice::exporting {

inline constexpr std::string_view kCursorSuffix = ".cursor";

// Any thread, unless said otherwise. Its lock is held for changes in memory only.
class StartPlaces {
 public:
  StartPlaces(journal::Journal& journal, storage::FileSystem& files, std::string directory)
      : journal_(journal), files_(files), directory_(std::move(directory)) {}
  const std::string& directory() const { return directory_; }

  // Fixes where the destination starts; durable when it returns. False: it had a place already, and keeps it. Holds
  // until release() or switched_off().
  Result<bool> reserve(ObjectId destination);
  // The change that reserve() was for was refused: does what switched_off() does, and removes a cursor that was created
  // for it.
  void release(ObjectId destination);
  // Its owner switched it off: its place stays, and holds nothing back once it does not run and what it misses is
  // counted.
  void switched_off(ObjectId destination);

  // It is on in the catalog that is about to be applied: what it misses is not counted any more, whether it can start
  // or not. It runs from now on, and holds its place itself; it stopped and is gone, or off: then it is held until
  // is_off() (all: apply()'s thread).
  void is_on(ObjectId destination);
  void started(ObjectId destination);
  void stopped(ObjectId destination, bool off);
  // It is off in the catalog that is applied, and what it misses is counted from here on: drops what is held for it,
  // but not for a reserved start.
  void is_off(ObjectId destination);

  // Removes its cursor, and what it holds.
  void forget(ObjectId destination);
  // Pulls back cursors in `directory` that stand behind the journal's end. At start.
  static Result<void> repair(const std::string& directory, const journal::Journal& journal, storage::FileSystem& files);

 private:
  void drop_hold(ObjectId destination);  // under mutex_; not of one that runs, or misses what nobody counts
  std::string path_of(ObjectId destination) const { return directory_ + "/" + destination.hex().append(kCursorSuffix); }
  journal::Journal& journal_;
  storage::FileSystem& files_;
  const std::string directory_;
  std::mutex mutex_;                   // guards what follows, and the order of hold and drop_hold
  std::map<ObjectId, bool> reserved_;  // whether its cursor was created for it, and has not been used
  std::set<ObjectId> running_;
  std::set<ObjectId> counted_;  // off, and what they miss is counted
};

}  // namespace sluice::exporting
