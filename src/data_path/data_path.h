// The path of an event from intake to its destinations, as one object: journal, flags, intake and export over one data
// directory, and the catalog that they use. The server builds it between its listeners and AWS; the
// simulation builds the same over a simulated disk and network.
//
//   open()                 recovers the journal; nothing is delivered yet, and no payload is taken
//   start(catalog)         the handlers of intake() may be called
//   deliver()              delivery runs, of what was taken before too
//   publish(), settle()    another catalog, as often as there is one
//   drain(), close()       the end in order; without them nothing is lost, but more is sent again
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/object_id.h"
#include "base/result.h"
#include "base/worker.h"
#include "catalog/snapshot.h"
#include "event/derived_ids.h"
#include "export/exporter.h"
#include "export/sealed_events.h"
#include "flags/flag_registry.h"
#include "flags/flag_store.h"
#include "intake/dead_letters.h"
#include "intake/handler.h"
#include "intake/limits.h"
#include "intake/metrics.h"
#include "journal/journal.h"
#include "storage/file_system.h"

namespace sluice::data_path {

struct DataPathSettings {
  std::string data_directory;  // exists
  journal::JournalLimits journal;
  intake::IntakeLimits intake;
};

// What happens to the files (cursor, dead letters) of a destination that a new catalog no longer has, while the process
// runs. At start nothing is removed: what the catalog does not know is set aside (export/set_aside.h).
enum class DeletedDestinations : std::uint8_t {
  forget,     // the deletion is final: a managed catalog
  set_aside,  // it may come back with the next edit: a configuration file
};

class DataPath {
 public:
  // All that is referred to outlives the data path, and whatever `make_sink` and `common_answers` refer to does too.
  struct Parts {
    storage::FileSystem& files;
    const Clock& clock;
    exporting::Exporter::SinkFactory make_sink;
    intake::Intake::CommonAnswers common_answers;  // called from the first request on, not before start()
    Workers& workers = worker_threads();
    exporting::SealedInFolder sealed_in = {};  // of all kinds
  };

  // An error says what about the data directory to fix.
  static Result<std::unique_ptr<DataPath>> open(DataPathSettings settings, Parts parts);
  ~DataPath();

  // Once, before the first request. After an error nothing runs that would not be stopped by the destructor. `secret`:
  // what ids of events are derived with, the same at every start.
  Result<void> start(const catalog::CatalogPointer& catalog, DeletedDestinations deleted,
                     const event::EventIdSecret& secret);
  // Once, after start(), when the listeners are open: thousands of destinations that call AWS for the first time would
  // keep SDKs waiting for a server that starts.
  void deliver() { exporter_->begin_delivery(); }
  // Before start(): finishes deletions that their owners made and that the process before did not get to. None of them
  // is in the catalog. Returns those of which nothing is left.
  std::set<ObjectId> finish_deletions(const std::set<ObjectId>& destinations) {
    return destinations.empty() ? destinations : exporter_->forget(destinations);
  }
  // Gets those that settle() has deleted, once nothing is left of them. Before start(); on settle()'s thread.
  std::function<void(const std::set<ObjectId>&)> deleted_for_good;
  // Another catalog, in two parts. publish(): when it returns, its keys, environments and flags count for every request
  // that comes, and what is accepted goes to no destination under settings that are not these; waits for a step of
  // each changed pipeline. Any thread, one call at a time, in the order of catalogs. settle(): its destinations start,
  // change and stop; returns when all have. After an error part of it is done, and another call completes it; what
  // was deleted is forgotten all the same. One thread at a time, beside publish().
  void publish(const catalog::CatalogPointer& catalog);
  Result<void> settle();
  // Both.
  Result<void> put_in_force(const catalog::CatalogPointer& catalog) {
    publish(catalog);
    return settle();
  }

  // Delivers what can be delivered within `deadline_ms`, then stops all pipelines. No requests come any more.
  void drain(std::int64_t deadline_ms);
  // Refuses further entries, and makes accepted ones durable.
  void close();

  // Any thread.
  const catalog::Catalog& catalog() const { return catalog_; }
  // Before start(): as Catalog::subscribe(). What flags are exported is in force by then.
  void subscribe(std::function<void(const catalog::CatalogPointer&)> listener) {
    catalog_.subscribe(std::move(listener));
  }
  flags::FlagRegistry& flags() { return flags_; }
  journal::Journal& journal() { return *journal_; }
  exporting::Exporter& exporter() { return *exporter_; }
  intake::IntakeMetrics& intake_metrics() { return intake_metrics_; }
  // From start() on.
  intake::Intake& intake() { return *intake_; }

 private:
  DataPath(DataPathSettings settings, Parts parts);
  Result<void> open_stores();

  const DataPathSettings settings_;
  const Parts parts_;
  DeletedDestinations deleted_ = DeletedDestinations::set_aside;
  catalog::CatalogPointer settled_;  // the last that was, whole; of settle()'s thread
  std::mutex deleted_mutex_;
  std::set<ObjectId> to_forget_;  // deleted, and their pipelines perhaps not stopped yet; guarded by deleted_mutex_

  // In the order of construction; what is below refers to what is above, and goes first.
  catalog::Catalog catalog_;
  flags::FlagRegistry flags_;
  std::unique_ptr<flags::FlagStore> flag_store_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<exporting::Exporter> exporter_;
  intake::IntakeMetrics intake_metrics_;
  std::unique_ptr<intake::IntakeDeadLetters> intake_dead_letters_;
  std::unique_ptr<intake::Intake> intake_;
};

}  // namespace sluice::data_path
