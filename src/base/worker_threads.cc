#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>

#include "base/worker.h"

namespace sluice {
namespace {

// Of 19: a ninth of what a thread of normal priority gets where both want all of a processor.
constexpr int kLowPriorityNice = 10;

class ThreadWorker final : public Worker {
 public:
  ThreadWorker(const char* name, Notifier& notifier, std::function<std::int64_t()> step, Priority priority)
      : thread_([&notifier, step = std::move(step), priority] {
          // Linux has it of each thread. Refused, the worker does what it has to all the same.
          if (priority == Priority::low)
            (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kLowPriorityNice);
          for (std::int64_t wait_us = step(); wait_us != kWorkerDone; wait_us = step())
            if (wait_us > 0) notifier.wait_us(wait_us);
        }) {
    (void)::pthread_setname_np(thread_.native_handle(), name);
  }
  void join() override { thread_.join(); }

 private:
  std::thread thread_;
};

class ThreadWorkers final : public Workers {
 public:
  void pause_us(std::int64_t us) override { std::this_thread::sleep_for(std::chrono::microseconds(us)); }

 private:
  std::unique_ptr<Worker> start_worker(const char* name, Notifier& notifier, std::function<std::int64_t()> step,
                                       Priority priority) override {
    return std::make_unique<ThreadWorker>(name, notifier, std::move(step), priority);
  }
};

}  // namespace

Workers& worker_threads() {
  static ThreadWorkers workers;
  return workers;
}

}  // namespace sluice
