#include "api/rest_worker.h"

#include <utility>

namespace sluice::api {

RestWorker::RestWorker(Workers& workers) {
  worker_ = workers.start("rest-worker", notifier_, [this] { return step(); });
}

RestWorker::~RestWorker() { stop(); }

bool RestWorker::run(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || jobs_.size() >= kMaxWaitingJobs) return false;
    jobs_.push_back(std::move(job));
  }
  notifier_.notify();
  return true;
}

void RestWorker::stop() {
  std::deque<Job> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(jobs_);
  }
  notifier_.notify();
  if (!worker_) return;
  worker_->join();
  worker_.reset();
}

std::int64_t RestWorker::step() {
  Job job;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return kWorkerDone;
    if (jobs_.empty()) return kUntilNotified;
    job = std::move(jobs_.front());
    jobs_.pop_front();
  }
  job(stopping_);
  return 0;
}

}  // namespace sluice::api
