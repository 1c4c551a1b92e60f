// Runs what the REST API is asked that takes longer than the admin loop may wait (asking AWS), one after the other.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace sluice::api {

// Jobs that wait at most; each takes seconds, and more people than this do not test destinations at once.
inline constexpr std::size_t kMaxWaitingJobs = 16;

class RestWorker {
 public:
  // A job ends soon when `stopping` becomes true.
  using Job = std::function<void(const std::atomic<bool>& stopping)>;

  RestWorker();
  ~RestWorker();  // stop()
  // False: too many wait already, or it was stopped. Any thread.
  bool run(Job job);
  // Jobs that wait are dropped; the one that runs is waited for.
  void stop();

 private:
  void loop();
  std::mutex mutex_;
  std::condition_variable notifier_;
  std::deque<Job> jobs_;  // guarded by mutex_
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace sluice::api
