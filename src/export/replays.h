// The replays of all destinations: which run, which wait for the disk, what became of the last one of each. A replay
// runs beside a destination that runs, and stops with it; it resumes with the destination.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/worker.h"
#include "export/export_status.h"
#include "export/replay.h"
#include "export/runner.h"
#include "journal/journal.h"

namespace sluice::exporting {

// Any thread. Two locks: changes, which read and write files, are made one at a time under one that nothing else takes;
// what is shown is guarded by another, which is held for a moment.
class Replays {
 public:
  Replays(journal::Journal& journal, storage::FileSystem& files, const Clock& clock, const std::string& data_directory,
          SinkFactory make_sink, Workers& workers);
  ~Replays();

  // Refused while the destination does not run, and while a replay of it runs.
  Result<ReplayStatus> start(ObjectId destination, std::int64_t from_ms, std::int64_t to_ms);
  // False: none runs.
  bool cancel(ObjectId destination);

  // The destination runs from now on: what a replay of it has left goes on, with the next resume().
  void attach(const catalog::Destination& destination);
  // It is about to stop, and its replay is told to; finish_detach() waits until that has.
  void detach(ObjectId destination);
  // `gone`: the destination does not come back at once, so that its replay holds nothing of the journal any more.
  void finish_detach(ObjectId destination, bool gone);

  // Goes on with what waits, and ends what is done. Tries again, with each call, what the disk kept back. True: what
  // is shown changed.
  bool resume();
  bool end_finished();
  void begin_stop_all();
  void stop_all();
  // Removes all that is on disk of the destination's replay. Not while it runs.
  void forget(ObjectId destination);

  std::optional<ReplayStatus> status(ObjectId destination) const;
  // Adds what replays delivered since the process started.
  void add_delivered(std::map<ObjectId, Delivered>& to) const;
  const std::string& directory() const { return replay_files_.directory(); }
  std::string letter_path(ObjectId destination) const;

 private:
  Result<std::unique_ptr<Runner>> make_runner(const catalog::Destination& destination, const Replay& replay);
  void resume_one(ObjectId destination);
  void end_one(ObjectId destination);
  std::optional<ReplayStatus> status_locked(ObjectId destination) const;
  void retire(ObjectId destination, const Runner* stopped);

  journal::Journal& journal_;
  storage::FileSystem& files_;
  const Clock& clock_;
  const std::string data_directory_;
  const SinkFactory make_sink_;
  Workers& workers_;
  ReplayFiles replay_files_;

  std::mutex change_mutex_;   // held by whoever changes, over its work on disk; taken before mutex_
  mutable std::mutex mutex_;  // guards what follows
  std::map<ObjectId, catalog::Destination> running_;  // destinations
  std::map<ObjectId, std::shared_ptr<Runner>> replays_;
  std::map<ObjectId, std::shared_ptr<Runner>> leaving_;  // told to stop
  std::map<ObjectId, std::string> unresumed_;            // wait to go on; why, once that is logged
  std::map<ObjectId, ReplayStatus> last_;                // of each destination, since the process started
  std::map<ObjectId, Delivered> retired_;                // by replays that are gone
};

// Adds what one pipeline delivered.
void add_delivered(std::map<ObjectId, Delivered>& to, const catalog::Destination& destination,
                   const event::EventKindCounts& counts);

}  // namespace sluice::exporting
