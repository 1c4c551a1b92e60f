// Brings changes of the managed catalog to the data path, from a thread of its own, so that whoever changes it does not
// wait for pipelines to start and stop. Many changes at once become one new snapshot.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace sluice::server {

// Between two snapshots: a change is in force well within a second, and 100 changes a second cost ten snapshots.
inline constexpr std::int64_t kPublishIntervalMs = 100;
// What keeps a change from being in force is the disk: a destination's cursor cannot be read or saved.
inline constexpr std::int64_t kPublishRetryMs = 1'000;

class CatalogPublisher {
 public:
  // `publish` is called on the thread, after changed() was; again after kPublishRetryMs when it says that it failed.
  explicit CatalogPublisher(std::function<bool()> publish);
  // What was changed is published first.
  ~CatalogPublisher();
  void changed();  // any thread; never waits for `publish`

 private:
  void run();
  const std::function<bool()> publish_;
  std::mutex mutex_;
  std::condition_variable notifier_;
  bool changed_ = false, stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace sluice::server
