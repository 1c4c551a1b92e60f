// All pipelines: one thread a destination that is on, started, changed and stopped as the catalog says.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/waker.h"
#include "catalog/snapshot.h"
#include "export/health.h"
#include "export/pipeline.h"
#include "journal/file_system.h"
#include "journal/journal.h"

namespace sluice {

// What /status, metrics and logs say of one destination.
struct DestinationStatus {
  Destination destination;
  DestinationState state = DestinationState::off;
  std::int64_t state_since_ms = 0;
  std::int64_t oldest_waiting_age_ms = 0;
  double accepted_per_s = 0, delivered_per_s = 0;  // over the last kRateWindowS seconds
  PipelineStatus pipeline;                         // all zero when it is off
  std::string dead_letter_path;
};

class Exporter {
 public:
  // Makes the sink of a destination. It must keep within the references it is given; the waker outlives the sink.
  using SinkFactory = std::function<std::unique_ptr<Sink>(const Destination&, Waker&, DeadLetterStore&)>;

  Exporter(Journal& journal, FileSystem& files, const Clock& clock, std::string data_directory, SinkFactory make_sink);
  ~Exporter();

  // Starts, restarts and stops pipelines so that they are what the snapshot declares. A destination whose settings did
  // not change is not touched. Returns when it is done. One thread at a time.
  Result<void> apply(const CatalogSnapshot& snapshot);

  // Fixes where a destination that is about to be made or switched on starts, so that it gets whatever is accepted from
  // this call on, however long apply() takes to come; durable when it returns. False: it had a place already and keeps
  // it. Any thread, before the destination is given to apply().
  Result<bool> reserve_start(ObjectId destination);
  // Takes that back, when the destination does not come after all.
  void release_start(ObjectId destination);

  // Removes what is on disk of a destination that is gone for good: its place in the journal, and its dead letters. Not
  // while it runs: after the apply() that took it away. Any thread.
  void forget(ObjectId destination);
  // The same for all that `snapshot` does not have. At start, before the first apply().
  void forget_all_but(const CatalogSnapshot& snapshot);

  // Goes on delivering until nothing waits that could be delivered, or for `deadline_ms`; then stops all pipelines.
  void drain(std::int64_t deadline_ms);

  // Any thread.
  std::vector<DestinationStatus> status() const;

 private:
  class Runner;
  void watch();

  Journal& journal_;
  FileSystem& files_;
  const Clock& clock_;
  const std::string data_directory_;
  const SinkFactory make_sink_;
  mutable std::mutex mutex_;  // guards runners_ and off_
  std::map<ObjectId, std::unique_ptr<Runner>> runners_;
  std::vector<Destination> off_;
  struct Watch;
  std::unique_ptr<Watch> watch_;
};

}  // namespace sluice
