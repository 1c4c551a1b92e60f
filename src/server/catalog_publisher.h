// Brings changes of the managed catalog to the data path, from a thread of its own, so that whoever changes it does not
// wait for pipelines to start and stop. Many changes at once become one new snapshot.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace sluice {

// Between two snapshots: a change is in force well within a second, and 100 changes a second cost ten snapshots.
inline constexpr std::int64_t kPublishIntervalMs = 100;

class CatalogPublisher {
 public:
  // `publish` is called on the thread, after changed() was.
  explicit CatalogPublisher(std::function<void()> publish);
  // What was changed is published first.
  ~CatalogPublisher();
  void changed();  // any thread; never waits for `publish`

 private:
  void run();
  const std::function<void()> publish_;
  std::mutex mutex_;
  std::condition_variable bell_;
  bool changed_ = false, stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace sluice
