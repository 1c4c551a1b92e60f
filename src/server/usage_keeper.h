// Writes down what is exported, by the hour, for GET /api/v2/usage/data-export-events: a sample every few seconds, from
// a worker of its own. A killed process loses the counts since the last sample.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/worker.h"
#include "catalog/catalog_store.h"
#include "export/exporter.h"
#include "storage/unsaved_files.h"

namespace sluice::server {

inline constexpr std::int64_t kUsageIntervalMs = 5'000;

class UsageKeeper {
 public:
  // What was delivered since the process started, by destination. Called by the worker.
  using Delivered = std::function<std::map<ObjectId, exporting::Exporter::Delivered>()>;

  // `store`, `clock` and `unsaved` outlive it, and what `delivered` reads.
  UsageKeeper(catalog::CatalogStore& store, Delivered delivered, const Clock& clock, storage::UnsavedFiles& unsaved,
              Workers& workers = worker_threads());
  ~UsageKeeper();  // stop()
  // Takes a last sample, and no more. Any number of times, one thread.
  void stop();

 private:
  std::int64_t step();
  void sample();
  catalog::CatalogStore& store_;
  const Delivered delivered_;
  const Clock& clock_;
  std::int64_t next_us_;  // of the worker, as the next two
  std::map<ObjectId, event::EventKindCounts> written_;
  storage::UnsavedFile unsaved_;
  std::atomic<bool> stopping_{false};
  Notifier notifier_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace sluice::server
