// Runs REST API calls that take longer than the admin loop may wait (calls to AWS), one after the other.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "base/notifier.h"
#include "base/worker.h"

namespace sluice::api {

// Jobs that wait at most; each takes seconds, and more people than this do not test destinations at once.
inline constexpr std::size_t kMaxWaitingJobs = 16;

class RestWorker {
 public:
  // A job ends soon when `stopping` becomes true.
  using Job = std::function<void(const std::atomic<bool>& stopping)>;

  explicit RestWorker(Workers& workers = worker_threads());
  ~RestWorker();  // stop()
  // False: too many wait already, or it was stopped. Any thread.
  bool run(Job job);
  // Jobs that wait are dropped; the one that runs is waited for.
  void stop();

 private:
  std::int64_t step();
  std::mutex mutex_;
  std::deque<Job> jobs_;  // guarded by mutex_
  std::atomic<bool> stopping_{false};
  Notifier notifier_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace sluice::api
