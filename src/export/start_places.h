// Where destinations start: the cursors on disk of those that do not run, and what those hold of the journal before
// they do. The API fixes a start before a destination is created or switched on, so that it gets whatever is accepted
// from then on, however long apply() takes to come; and an apply() of an older catalog, in which it is still off, must
// not take that back.
//
// A destination that has begun (export/start_records.h, or expect_places()) and has no cursor any more, or a damaged
// one, starts at the oldest entry the journal has: events come twice rather than not at all, and status and log say so.
//
// A cursor of one that forwarded payloads means nothing to one that delivers events (journal::CursorUnit), and the
// other way round: when a destination's kind changed so, it resumes at the beginning of the entry that its cursor
// stands in, and its totals begin anew.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/snapshot.h"
#include "export/health.h"
#include "export/sealed_events.h"
#include "export/start_records.h"
#include "journal/cursor_store.h"
#include "journal/journal.h"
#include "storage/file_system.h"

namespace sluice::exporting {

inline constexpr std::string_view kCursorSuffix = ".cursor";

// Where a destination resumes whose cursor is lost. Events come again from the oldest entry, and are known by their
// ids. Payloads as SDKs sent them must not: LaunchDarkly would count experiments twice. Such a destination does not
// start (open()) until its owner has switched it off and on: it then resumes with what comes, and how many payloads
// that passes over at most is told until its owner acts.
inline bool resumes_at_oldest(const catalog::Destination& destination) { return !destination.wants_originals; }

// Any thread, unless said otherwise. The lock of what is in memory is held for changes in memory only.
class StartPlaces {
 public:
  StartPlaces(journal::Journal& journal, storage::FileSystem& files, const Clock& clock,
              const std::string& data_directory)
      : journal_(journal),
        files_(files),
        clock_(clock),
        data_directory_(data_directory),
        directory_(data_directory + "/cursors"),
        records_(files, data_directory) {}
  const std::string& directory() const { return directory_; }

  // These were on when the process before ended, and the API had fixed a place for each before it said so: one without
  // a cursor has lost it, whatever else is gone. At start, before the first open().
  void expect_places(std::set<ObjectId> destinations);
  // How far the journal had come in the process before; nothing: not known. At start, before expect_places().
  void journal_had_reached(std::optional<journal::Position> reached) { reached_ = reached; }
  // It was set aside, and its files are back: tells what was not kept for it. The thread of apply(), before open() and
  // restore_if_lost().
  Result<void> came_back(const catalog::Destination& destination);

  // Fixes where the destination starts; durable when it returns. False: it had a place already, and keeps it. Holds
  // until release() or switched_off(). `name` is for people. `known`: the destination as it is; null: it is new.
  Result<bool> reserve(ObjectId destination, std::string_view name, const catalog::Destination* known = nullptr);
  // The change that reserve() was for was refused: does what switched_off() does, and removes a cursor that was created
  // for it.
  void release(ObjectId destination);
  // Its owner switched it off: its place stays, and holds nothing back once it does not run and what it misses is
  // counted.
  void switched_off(ObjectId destination);

  // Its cursor, at the place where it is to start, for a destination that is about to run. An error: the cursor cannot
  // be read or saved just now. The thread of apply().
  Result<std::unique_ptr<journal::CursorFile>> open(const catalog::Destination& destination);
  // Of a destination that is off: if it has begun and its cursor is lost, or counts what its kind does not, it gets
  // another one. The thread of apply().
  Result<void> restore_if_lost(const catalog::Destination& destination);
  // What its sink has sealed, while it does not run (export/sealed_events.h). After repair().
  std::vector<SealedEvents> sealed_of(ObjectId destination) const;
  // What happened to its place, for status: in this life of the process, and losses that its owner has not answered.
  std::vector<Problem> notes(ObjectId destination) const;
  // Its owner switched it off while it ran, and so has seen its notes.
  void acknowledged(ObjectId destination);

  // It is on in the catalog that is about to be applied: what it misses is not counted any more, whether it can start
  // or not. It runs from now on, and holds its place itself; it stopped, and is held until is_off() or
  // left(); it cannot start, or what it misses cannot be counted, because its cursor cannot be read: what it needs is
  // held until it can (all: apply()'s thread).
  void is_on(ObjectId destination);
  void started(ObjectId destination);
  void stopped(ObjectId destination);
  void cannot_be_read(ObjectId destination);
  // It is off in the catalog that is applied, and what it misses is counted from here on: drops what is held for it,
  // but not for a reserved start.
  void is_off(ObjectId destination);

  // It is in no catalog any more: drops what is held for it.
  void left(ObjectId destination);
  // Tells what the journal lost before destinations had it (Journal::start_losses()), and pulls back cursors that stand
  // behind the journal's end. At start. One that cannot be read or saved is left to whoever opens it next. `set_aside`:
  // the folder of those that the catalog does not know, where the same is done. `sealed_in`, which is kept: what sinks
  // had sealed before is not lost to them.
  void repair(const std::string& set_aside, SealedInFolder sealed_in = {});
  // The same for cursors of replays in `directory`, of which nothing is told.
  static void pull_back_all(const std::string& directory, const journal::Journal& journal, storage::FileSystem& files);

 private:
  using CursorPointer = std::unique_ptr<journal::CursorFile>;
  void hold(ObjectId destination, journal::Position position);
  void unhold(ObjectId destination);     // under mutex_
  void drop_hold(ObjectId destination);  // under mutex_; not of one that runs, or misses what nobody counts
  bool is_lost(const journal::CursorFile& cursor, ObjectId destination) const;
  // `known`: null where it is not.
  Result<void> restart(journal::CursorFile& cursor, ObjectId destination, std::string_view name,
                       const catalog::Destination* known);
  Result<void> restart_of_other_unit(journal::CursorFile& cursor, const catalog::Destination& destination);
  Result<void> tell_what_was_passed_over(journal::Position reached, const catalog::Destination& destination);
  Result<void> record_loss(ObjectId destination, std::string_view name, Problem loss,
                           std::optional<journal::Position> from = {});
  Result<void> tell_other_environment(const journal::Cursor& cursor, const catalog::Destination& destination);
  void tell_lost_entries(const std::optional<journal::Cursor>& cursor, ObjectId destination, StartRecords& records);
  void repair_in(const std::string& root, StartRecords& records);
  void note(ObjectId destination, Problem problem);  // in place of one of the same code
  void drop_note(ObjectId destination, std::string_view code);
  void note_losses(ObjectId destination);  // that its record has
  std::string path_of(ObjectId destination) const { return directory_ + "/" + destination.hex().append(kCursorSuffix); }

  journal::Journal& journal_;
  storage::FileSystem& files_;
  const Clock& clock_;
  const std::string data_directory_, directory_;
  StartRecords records_;
  SealedInFolder sealed_in_;                  // set by repair()
  std::optional<journal::Position> reached_;  // set by journal_had_reached()
  // One at a time reads and writes a destination's cursor and record: its owner may switch it on while the catalog
  // before that is applied. Taken before mutex_.
  std::mutex files_mutex_;
  mutable std::mutex mutex_;           // guards what follows, and the order of hold and drop_hold
  std::map<ObjectId, bool> reserved_;  // whether its cursor was created for it, and has not been used
  std::set<ObjectId> running_;
  std::set<ObjectId> counted_;  // off, and what they miss is counted
  std::set<ObjectId> held_;     // the journal has a hold of that name
  std::map<ObjectId, std::vector<Problem>> notes_;
  std::set<ObjectId> expected_;  // that have a place, or had one
};

}  // namespace sluice::exporting
