// Workers whose steps a test runs by hand, in the order in which they were started. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/worker.h"

namespace sluice {

class ManualWorkers final : public Workers {
 public:
  explicit ManualWorkers(ManualClock& clock) : clock_(clock) {}

  void pause_us(std::int64_t us) override { run_for_us(us); }

  // Steps all that are due or were notified until none is; time stands still. Returns how many steps that took.
  std::size_t run_due() {
    std::size_t steps = 0;
    for (bool stepped = true; stepped;) {
      stepped = false;
      for (const auto& job : std::vector(jobs_)) {
        if (job->done || (!job->notifier->take() && job->due_us > clock_.steady_us())) continue;
        step(*job);
        stepped = true;
        SLUICE_CHECK(++steps < 1'000'000, "a worker comes to rest");
      }
    }
    return steps;
  }
  // The same while time passes.
  void run_for_us(std::int64_t us) {
    for (const std::int64_t until_us = clock_.steady_us() + us;;) {
      run_due();
      std::int64_t next_us = until_us;
      for (const auto& job : jobs_)
        if (!job->done) next_us = std::min(next_us, job->due_us);
      if (clock_.steady_us() >= until_us) return;
      clock_.advance_us(next_us - clock_.steady_us());
    }
  }

 private:
  struct Job {
    Notifier* notifier;
    std::function<std::int64_t()> step;
    std::int64_t due_us;
    bool done;
  };
  class Handle final : public Worker {
   public:
    explicit Handle(std::shared_ptr<Job> job) : job_(std::move(job)) {}
    // Does not wait: a worker that is told to stop says kWorkerDone with its next steps.
    void join() override {
      for (int steps = 0; !job_->done; ++steps) {
        SLUICE_CHECK(steps < 1'000'000, "whoever waits for a worker has told it to stop");
        job_->done = job_->step() == kWorkerDone;
      }
    }

   private:
    std::shared_ptr<Job> job_;
  };
  std::unique_ptr<Worker> start_worker(const char*, Notifier& notifier, std::function<std::int64_t()> step,
                                       Priority) override {
    jobs_.push_back(std::make_shared<Job>(Job{&notifier, std::move(step), clock_.steady_us(), false}));
    return std::make_unique<Handle>(jobs_.back());
  }
  void step(Job& job) {
    const std::int64_t wait_us = job.step();
    job.done = wait_us == kWorkerDone;
    job.due_us = wait_us > kUntilNotified - clock_.steady_us() ? kUntilNotified : clock_.steady_us() + wait_us;
  }

  ManualClock& clock_;
  std::vector<std::shared_ptr<Job>> jobs_;
};

}  // namespace sluice
