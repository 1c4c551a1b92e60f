#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/worker.h"

namespace sluice {
namespace {

// A sleep this long is as good as one without end, and no clock overflows by it.
constexpr std::int64_t kLongestSleepUs = 3'600'000'000;

class ThreadWorker final : public Worker {
 public:
  ThreadWorker(const char* name, Notifier& notifier, std::function<std::int64_t()> step)
      : thread_([&notifier, step = std::move(step)] {
          for (std::int64_t wait_us = step(); wait_us != kWorkerDone; wait_us = step())
            if (wait_us > 0) notifier.wait_us(std::min(wait_us, kLongestSleepUs));
        }) {
    (void)::pthread_setname_np(thread_.native_handle(), name);
  }
  void join() override { thread_.join(); }

 private:
  std::thread thread_;
};

class ThreadWorkers final : public Workers {
 public:
  std::unique_ptr<Worker> start(const char* name, Notifier& notifier, std::function<std::int64_t()> step) override {
    return std::make_unique<ThreadWorker>(name, notifier, std::move(step));
  }
  void pause_us(std::int64_t us) override { std::this_thread::sleep_for(std::chrono::microseconds(us)); }
};

}  // namespace

Workers& worker_threads() {
  static ThreadWorkers workers;
  return workers;
}

}  // namespace sluice
