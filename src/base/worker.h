// Background work in steps. The product gives each worker a thread of its own; the simulation
// (tests/simulation/) takes all workers into one thread and chooses by a seed which of them steps next, so that a whole
// server runs, fails and runs again the same way each time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "base/notifier.h"

namespace sluice {

// What a step says in place of a time: call again only when notified; and: never again, the work is over.
inline constexpr std::int64_t kUntilNotified = INT64_MAX;
inline constexpr std::int64_t kWorkerDone = -1;

class Worker {
 public:
  virtual ~Worker() = default;  // after join()
  // Returns once a step has returned kWorkerDone; the caller has ensured that one will, and has notified the
  // notifier. Any thread but the worker's, once.
  virtual void join() = 0;
};

// How a worker shares the machine: `low` has what others leave, as far as the system can give that to a thread.
enum class Priority : std::uint8_t { normal, low };

class Workers {
 public:
  virtual ~Workers() = default;
  // Calls `step` again and again, never twice at a time: `step` does what there is to do now and returns after how many
  // microseconds it wants to be called again at the latest; notify() of `notifier`, which outlives the worker, calls it
  // before. `name` is shown by tools that list threads: at most 15 bytes.
  std::unique_ptr<Worker> start(const char* name, Notifier& notifier, std::function<std::int64_t()> step,
                                Priority priority = Priority::normal) {
    return start_worker(name, notifier, std::move(step), priority);
  }
  // Lets others work for so long.
  virtual void pause_us(std::int64_t us) = 0;
  // The same, until `notifier` is notified: for work that its caller waits for, and that notifies. True: it was.
  virtual bool wait_us(Notifier& notifier, std::int64_t us) { return notifier.wait_us(us); }

 private:
  virtual std::unique_ptr<Worker> start_worker(const char* name, Notifier& notifier, std::function<std::int64_t()> step,
                                               Priority priority) = 0;
};

// A thread each. Any thread may ask.
Workers& worker_threads();

}  // namespace sluice
