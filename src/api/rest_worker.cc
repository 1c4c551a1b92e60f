#include "api/rest_worker.h"

#include <utility>

namespace sluice::api {

RestWorker::RestWorker() {
  thread_ = std::thread([this] { loop(); });
}

RestWorker::~RestWorker() { stop(); }

bool RestWorker::run(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || jobs_.size() >= kMaxWaitingJobs) return false;
    jobs_.push_back(std::move(job));
  }
  notifier_.notify_one();
  return true;
}

void RestWorker::stop() {
  std::deque<Job> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(jobs_);
  }
  notifier_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void RestWorker::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    notifier_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job(stopping_);
    lock.lock();
  }
}

}  // namespace sluice::api
