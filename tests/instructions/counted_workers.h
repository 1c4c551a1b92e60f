// All workers in one thread, in the order in which they were started; their steps are counted, looking for the next is
// not. One thread.
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
#include "counting.h"

namespace sluice::instructions {

class CountedWorkers final : public Workers {
 public:
  explicit CountedWorkers(ManualClock& clock) : clock_(clock) {}

  void pause_us(std::int64_t us) override { clock_.advance_us(us); }
  // Steps all that are due or were notified until none is. False: none was.
  bool run_due() {
    bool any = false;
    for (bool stepped = true; stepped; any |= stepped) {
      stepped = false;
      for (std::size_t i = 0; i < jobs_.size(); ++i) {
        Job& job = *jobs_[i];
        if (job.done || (!job.notifier->take() && job.due_us > clock_.steady_us())) continue;
        step(job);
        stepped = true;
      }
    }
    return any;
  }
  std::int64_t next_due_us() const {
    std::int64_t next_us = kUntilNotified;
    for (const auto& job : jobs_)
      if (!job->done) next_us = std::min(next_us, job->due_us);
    return next_us;
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
    explicit Handle(Job& job) : job_(job) {}
    // Whoever joins has told it to stop.
    void join() override {
      for (int steps = 0; !job_.done; ++steps) {
        SLUICE_CHECK(steps < 1'000'000, "whoever waits for a worker has told it to stop");
        job_.done = job_.step() == kWorkerDone;
      }
    }

   private:
    Job& job_;
  };
  std::unique_ptr<Worker> start_worker(const char*, Notifier& notifier, std::function<std::int64_t()> step,
                                       Priority) override {
    jobs_.push_back(std::make_unique<Job>(Job{&notifier, std::move(step), clock_.steady_us(), false}));
    return std::make_unique<Handle>(*jobs_.back());
  }
  void step(Job& job) {
    std::int64_t wait_us = kWorkerDone;
    {
      const Counting counting(true);
      wait_us = job.step();
    }
    job.done = wait_us == kWorkerDone;
    job.due_us = wait_us > kUntilNotified - clock_.steady_us() ? kUntilNotified : clock_.steady_us() + wait_us;
  }

  ManualClock& clock_;
  std::vector<std::unique_ptr<Job>> jobs_;
};

}  // namespace sluice::instructions
