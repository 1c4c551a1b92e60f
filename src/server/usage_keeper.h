// Writes down what is exported, by the hour, for GET /api/v2/usage/data-export-events: a look every few seconds, from a
// thread of its own. A process that is killed leaves out what was delivered since the last look.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "catalog/catalog_store.h"
#include "export/exporter.h"

namespace sluice::server {

inline constexpr std::int64_t kUsageIntervalMs = 5'000;

class UsageKeeper {
 public:
  // Both outlive it.
  UsageKeeper(catalog::CatalogStore& store, const exporting::Exporter& exporter, const Clock& clock);
  // Looks a last time.
  ~UsageKeeper();

 private:
  void run();
  void sample();
  catalog::CatalogStore& store_;
  const exporting::Exporter& exporter_;
  const Clock& clock_;
  std::map<ObjectId, event::EventKindCounts> written_;
  bool failing_ = false;
  std::mutex mutex_;
  std::condition_variable notifier_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace sluice::server
