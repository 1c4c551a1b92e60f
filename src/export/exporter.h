// Export as a whole: one pipeline, with a worker of its own, for each destination that is on; started, changed and
// stopped as the catalog says. What it knows of each matter stands in a file of its own:
//
//   place_losses          what a destination may never get, and no counter has
//   journal_reach         how far the journal had come, for a start that finds an older one
//   start_places          cursors of destinations that do not run yet, and what they hold of the journal
//   set_aside             what is on disk of destinations that the catalog does not know
//   runner, pipeline      one destination that runs
//   replays               replays beside them
//   paused_destinations   what those that are off miss
//   dead_letter_file      what a destination can never take, and trying it again (dead_letter_retry)
//   not_started           what is shown of one that is on and cannot start
//   histories             what each did over a week, kept on disk
//   export_status         what all of them show, as immutable snapshots
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/published.h"
#include "base/worker.h"
#include "catalog/snapshot.h"
#include "export/dead_letter_file.h"
#include "export/dead_letter_retry.h"
#include "export/export_status.h"
#include "export/histories.h"
#include "export/journal_reach.h"
#include "export/paused_destinations.h"
#include "export/replays.h"
#include "export/runner.h"
#include "export/set_aside.h"
#include "export/start_places.h"
#include "journal/journal.h"
#include "storage/file_system.h"

namespace sluice::exporting {

class Exporter {
 public:
  using SinkFactory = exporting::SinkFactory;
  using Delivered = exporting::Delivered;

  Exporter(journal::Journal& journal, storage::FileSystem& files, const Clock& clock, std::string data_directory,
           SinkFactory make_sink, Workers& workers = worker_threads());
  ~Exporter();

  // Starts, restarts and stops pipelines so that they are what the snapshot declares. A destination whose settings did
  // not change is not touched. What was set aside of its destinations comes back first. Returns when it is done. An
  // error is the first of them; what is not concerned by it is in force. A destination whose cursor cannot be read is
  // shown as blocked, holds what it needs, and is tried again once a second, by the next call too. One thread at a
  // time.
  Result<void> apply(const catalog::CatalogSnapshot& snapshot);

  // Before the apply() of a catalog: destinations that it changes, switches off or does not have read nothing any more
  // when this returns, so that what is accepted afterwards goes out under the new settings, or not at all. Waits for
  // a step of each of those pipelines. An apply() of an older catalog does not start them again. Any thread, in the
  // order of catalogs.
  void fence(const catalog::CatalogPointer& newest);

  // Pipelines are created but do not run until begin_delivery(). On a start with thousands of destinations, their first
  // calls to AWS would otherwise use the CPU before the server takes payloads. Call it before the first apply().
  void hold_delivery();
  // Does not wait: the exporter's own worker starts them. Once; any thread.
  void begin_delivery();

  // Fixes where a destination that is about to be created or switched on starts, so that it gets whatever is accepted
  // from this call on, however long apply() takes to come, and whatever older snapshot it applies before; durable when
  // it returns. False: it had a place already and keeps it. Any thread, before the change is committed.
  // `known`: the destination as it is; null: it is new.
  // The place of one that lies set aside comes back with it.
  Result<bool> reserve_start(ObjectId destination, std::string_view name = {},
                             const catalog::Destination* known = nullptr) {
    if (set_aside_.has_place_of(destination)) return false;
    return places_.reserve(destination, name, known);
  }
  // Takes that back: the change was refused. Any thread; does nothing when nothing is reserved.
  void release_start(ObjectId destination) { places_.release(destination); }
  // A change that switches the destination off was committed: what reserve_start() fixed before holds nothing back any
  // more. Any thread.
  void switched_off(ObjectId destination) { places_.switched_off(destination); }

  // The catalog is the one that the process before had, and whatever is on in it was given a place: one without is told
  // as lost, and starts at the oldest entry. At start, before the first apply().
  void expect_places(const catalog::CatalogSnapshot& snapshot);
  // Pulls back cursors that stand behind the journal's end, and says so: what lay between was delivered, and is gone
  // from the disk (a byte rotted in the last entry before a crash). New entries come to lie there and must not be
  // passed over. At start, before the first apply(). One that cannot be read is left to its destination's start.
  // `sealed_in`: of all kinds.
  void repair_cursors(SealedInFolder sealed_in = {});
  // Removes what is on disk of destinations that are gone for good: places in the journal, dead letters, spools, and
  // what lies set aside. Not while they run: after the apply() that took them away. Returns those of which nothing is
  // left, durably. Any thread.
  std::set<ObjectId> forget(const std::set<ObjectId>& destinations);
  // Keeps it apart instead, until the destination is back: of a destination that may come back, after the same apply();
  // of all that `snapshot` does not have, at start, before the first apply().
  void set_aside(ObjectId destination);
  // Before the catalog without it is published: payloads are kept for it from then on, if it forwards those.
  void will_be_set_aside(const catalog::Destination& destination) { set_aside_.will_be_put(destination); }
  // export/set_aside.h. Before set_aside_all_but().
  void when_payloads_are_wanted(std::function<void(std::set<ObjectId>)> keep) {
    set_aside_.when_payloads_are_wanted(std::move(keep));
  }
  void set_aside_all_but(const catalog::CatalogSnapshot& snapshot);

  // Goes on delivering until nothing waits that could be delivered, or for `deadline_ms`; then stops all pipelines.
  void drain(std::int64_t deadline_ms);

  // What is shown. Any thread; a copy of a pointer each: never waits for a pipeline, a change or the disk. At most a
  // second old, and a tenth of one for who asks again: the watch is told that somebody asks. What apply(),
  // start_replay() and cancel_replay() did shows when they return.
  DestinationList status() const;
  // Null: there is none, or it is not started yet.
  std::shared_ptr<const DestinationStatus> status(ObjectId destination) const;
  // What is on disk of destinations that the catalog does not know.
  std::vector<SetAsideDestination> set_aside_destinations() const { return status_.get()->set_aside; }
  // Over restarts, and while it is off.
  std::vector<HistoryStep> history(ObjectId destination, HistorySpan span) const;
  // Events delivered since the process started, replays included, of every destination that delivered any; exact after
  // drain().
  std::map<ObjectId, Delivered> delivered() const { return status_.get()->delivered; }

  // Delivers again to one destination what was accepted within the span and the journal still has, beside its live
  // delivery. Refused while it is off, and while a replay of it runs. Writes two small files. Any thread.
  Result<ReplayStatus> start_replay(ObjectId destination, std::int64_t from_ms, std::int64_t to_ms);
  // False: none runs. Waits for calls in flight, kStopGraceUs at most. Any thread.
  bool cancel_replay(ObjectId destination);
  // Tries its dead letters again (export/dead_letter_retry.h). Blocks; one at a time. Refused while it is off. Any
  // thread.
  Result<DeadLetterRetry> retry_dead_letters(ObjectId destination, const std::atomic<bool>& stopping);

 private:
  using Destinations = std::vector<catalog::Destination>;
  std::int64_t watch_step();
  void start_held();
  std::vector<std::shared_ptr<Runner>> take_leaving(const catalog::CatalogSnapshot& snapshot);
  void finish_leaving(const catalog::CatalogSnapshot& snapshot, const std::vector<std::shared_ptr<Runner>>& leaving);
  Result<void> start(const catalog::Destination& destination);
  Result<void> settle(const Destinations& destinations);
  void settle_off(const Destinations& destinations, std::map<ObjectId, Error>& failed);
  void park(const std::map<ObjectId, Error>& failed, const Destinations& destinations);
  void settle_again();
  std::shared_ptr<const DestinationStatus> off_status(const DestinationStatus& off) const;
  std::vector<std::shared_ptr<Runner>> running() const;
  bool superseded(const catalog::Destination& destination) const;  // under mutex_
  std::string letter_path(ObjectId destination, std::string_view suffix) const;
  std::shared_ptr<DeadLetterFile> letter_file(ObjectId destination);
  void flush_if_journal_is_short();
  // `as_of_ms`: when the pipelines were last looked at; nothing: when they were for what is published now.
  void publish_status(std::optional<std::int64_t> as_of_ms = {});

  journal::Journal& journal_;
  storage::FileSystem& files_;
  const Clock& clock_;
  const std::string data_directory_;
  const SinkFactory make_sink_;
  Workers& workers_;
  StartPlaces places_;
  SetAside set_aside_;
  JournalReach reach_;
  Histories histories_;
  Replays replays_;
  PausedDestinations paused_;
  CursorSyncs cursor_syncs_;

  // Guards what follows. Held for a look or a change in memory, never over a step, a wait or work on disk.
  mutable std::mutex mutex_;
  bool delivering_ = true;          // runners are started
  catalog::CatalogPointer newest_;  // null: fence() was never called
  std::map<ObjectId, std::shared_ptr<Runner>> runners_;
  std::map<ObjectId, std::shared_ptr<Runner>> leaving_;  // told to stop
  std::map<ObjectId, std::shared_ptr<const DestinationStatus>> off_;
  std::map<ObjectId, std::shared_ptr<const DestinationStatus>> parked_;  // on, and cannot start: blocked
  std::map<ObjectId, Problem> unknown_places_;  // off, and could not be settled; changed by who has set applying_
  // One for each destination, however often it starts anew: two would write over each other.
  std::map<ObjectId, std::shared_ptr<DeadLetterFile>> letter_files_;
  std::map<ObjectId, Delivered> retired_;  // by pipelines that are gone

  std::mutex publish_mutex_;  // so that an older snapshot does not replace a newer one; taken before the others
  Published<ExportStatus> status_{std::make_shared<const ExportStatus>()};
  std::atomic<bool> watch_stops_{false}, begins_delivery_{false};
  // Of apply(), or the watch that tries again what it left: of who has set applying_.
  std::atomic<bool> applying_{false};
  Destinations applied_;
  bool settled_ = true;                     // all of them are started, or counted
  mutable std::atomic<bool> asked_{false};  // somebody read the status since it was published
  mutable Notifier watch_notifier_;
  // Of the watch alone.
  std::int64_t sample_at_us_ = 0, publish_at_us_ = 0;
  std::unique_ptr<Worker> watch_;
};

}  // namespace sluice::exporting
