// All pipelines: one thread a destination that is on, started, changed and stopped as the catalog says.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/worker.h"
#include "catalog/snapshot.h"
#include "export/health.h"
#include "export/history.h"
#include "export/paused_destination.h"
#include "export/pipeline.h"
#include "export/replay.h"
#include "journal/journal.h"
#include "storage/file_system.h"

namespace sluice::exporting {

// What /status, metrics and logs say of one destination.
struct DestinationStatus {
  catalog::Destination destination;
  DestinationState state = DestinationState::off;
  std::int64_t state_since_ms = 0;
  std::int64_t oldest_waiting_age_ms = 0;
  double accepted_per_s = 0, delivered_per_s = 0;  // over the last kRateWindowS seconds
  HistoryRates rates;
  PipelineStatus pipeline;  // all zero when it is off
  std::optional<ReplayStatus> replay;
  std::string dead_letter_path;
};

class DeadLetterFile;

// What came of trying a destination's dead letters again (export/dead_letter_retry.h).
struct DeadLetterRetry {
  std::uint64_t delivered = 0;
  std::uint64_t kept = 0;          // refused again, or no letter
  bool left = false;               // more are there: the time was over, or something stands in the way
  std::optional<Problem> problem;  // what does
};

class Exporter {
 public:
  // Makes the sink of a destination. It must keep within the references it is given; the notifier outlives the sink.
  using SinkFactory = std::function<std::unique_ptr<Sink>(const catalog::Destination&, Notifier&, DeadLetterStore&)>;

  Exporter(journal::Journal& journal, storage::FileSystem& files, const Clock& clock, std::string data_directory,
           SinkFactory make_sink, Workers& workers = worker_threads());
  ~Exporter();

  // Starts, restarts and stops pipelines so that they are what the snapshot declares. A destination whose settings did
  // not change is not touched. Returns when it is done. One thread at a time.
  Result<void> apply(const catalog::CatalogSnapshot& snapshot);

  // Fixes where a destination that is about to be made or switched on starts, so that it gets whatever is accepted from
  // this call on, however long apply() takes to come; durable when it returns. False: it had a place already and keeps
  // it. Any thread, before the destination is given to apply().
  Result<bool> reserve_start(ObjectId destination);
  // Takes that back, when the destination does not come after all.
  void release_start(ObjectId destination);

  // Pulls back cursors that stand behind the journal's end, and says so: what lay between was delivered, and is gone
  // from the disk (a byte rotted in the last entry before a crash). New entries come to lie there and must not be
  // passed over. At start, before the first apply().
  Result<void> repair_cursors();
  // Removes what is on disk of a destination that is gone for good: its place in the journal, and its dead letters. Not
  // while it runs: after the apply() that took it away. Any thread.
  void forget(ObjectId destination);
  // The same for all that `snapshot` does not have. At start, before the first apply().
  void forget_all_but(const catalog::CatalogSnapshot& snapshot);

  // Goes on delivering until nothing waits that could be delivered, or for `deadline_ms`; then stops all pipelines.
  void drain(std::int64_t deadline_ms);

  // Any thread.
  std::vector<DestinationStatus> status() const;
  std::optional<DestinationStatus> status(ObjectId destination) const;
  // Empty for one that is off.
  std::vector<HistoryStep> history(ObjectId destination, HistorySpan span) const;

  // Events delivered since the process started, replays included, of every destination that delivered any.
  struct Delivered {
    std::string project_key, environment_key;
    event::EventKindCounts by_kind{};
  };
  std::map<ObjectId, Delivered> delivered() const;

  // Delivers again to one destination what was accepted within the span and the journal still has, beside its live
  // delivery. Refused while it is off, and while a replay of it runs. Any thread.
  Result<ReplayStatus> start_replay(ObjectId destination, std::int64_t from_ms, std::int64_t to_ms);
  // False: none runs.
  bool cancel_replay(ObjectId destination);
  // Tries its dead letters again (export/dead_letter_retry.h). Blocks; one at a time. Refused while it is off. Any
  // thread.
  Result<DeadLetterRetry> retry_dead_letters(ObjectId destination, const std::atomic<bool>& stopping);

 private:
  class Runner;
  std::int64_t watch_step();
  Result<void> update_paused();  // with mutex_; those that are off do not run any more
  void resume_replays();         // with mutex_
  std::string letter_path(ObjectId destination, std::string_view suffix) const;
  std::shared_ptr<DeadLetterFile> letter_file(ObjectId destination);  // with mutex_
  void end_replays();
  void retire(const Runner& runner);  // with mutex_; it has stopped
  Result<std::unique_ptr<Runner>> make_replay(const catalog::Destination& destination, const Replay& replay);
  std::optional<ReplayStatus> replay_status(ObjectId destination) const;  // with mutex_

  journal::Journal& journal_;
  storage::FileSystem& files_;
  const Clock& clock_;
  const std::string data_directory_;
  const SinkFactory make_sink_;
  Workers& workers_;
  ReplayFiles replay_files_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<ObjectId, std::unique_ptr<Runner>> runners_;
  std::map<ObjectId, catalog::Destination> off_;
  std::map<ObjectId, std::string> unresumed_;     // whose replay, if there is one, waits to be resumed; why, once told
  std::map<ObjectId, PausedDestination> paused_;  // of those that are off and have a cursor
  std::map<ObjectId, std::unique_ptr<Runner>> replays_;  // that run
  // One for each destination, however often it starts anew: two would write over each other.
  std::map<ObjectId, std::shared_ptr<DeadLetterFile>> letter_files_;
  std::map<ObjectId, Delivered> retired_;          // by pipelines that are gone
  std::map<ObjectId, ReplayStatus> last_replays_;  // of each destination, since the process started
  std::atomic<bool> watch_stops_{false};
  Notifier watch_notifier_;
  std::unique_ptr<Worker> watch_;
};

}  // namespace sluice::exporting
