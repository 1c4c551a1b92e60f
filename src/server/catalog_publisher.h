// Brings changes of the managed catalog to the data path, from a worker of its own, so that a caller that changes it
// does not wait for pipelines to start and stop. Many changes at once become one new snapshot.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/worker.h"

namespace sluice::server {

// Between two snapshots: a change is in force well within a second, and 100 changes a second cost ten snapshots.
inline constexpr std::int64_t kPublishIntervalMs = 100;
// What keeps a change from being in force is the disk: a destination's cursor cannot be read or saved.
inline constexpr std::int64_t kPublishRetryMs = 1'000;

class CatalogPublisher {
 public:
  // `publish` is called by the worker, after changed() was; again after kPublishRetryMs when it says that it failed.
  // `clock` outlives this.
  CatalogPublisher(const Clock& clock, std::function<bool()> publish, Workers& workers = worker_threads());
  ~CatalogPublisher();  // stop()
  // What was changed is published first, and nothing later. Any number of times, one thread.
  void stop();
  void changed();  // any thread; never waits for `publish`

 private:
  std::int64_t step();
  const Clock& clock_;
  const std::function<bool()> publish_;
  std::int64_t next_us_ = 0;  // of the worker: not before this
  std::atomic<bool> changed_{false}, stopping_{false};
  Notifier notifier_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace sluice::server
