// All workers of a simulated process, and the events of the network around it, in one thread: which of those that may
// go next does is drawn from the seed. Time stands still while something runs, and jumps when nothing is due.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/worker.h"

namespace sluice::simulation {

inline constexpr std::int64_t kSecondUs = 1'000'000;

// Thrown where a simulated process dies: out of a change to its disk, or out of journal_fatal(). Caught by the run.
struct ProcessDied {
  std::string why;
};

class Scheduler final : public Workers {
 public:
  Scheduler(ManualClock& clock, std::uint64_t seed) : clock_(clock), random_(seed) {}

  void pause_us(std::int64_t us) override { run_for(us); }
  bool wait_us(Notifier& notifier, std::int64_t us) override;

  // Something outside of the process, at a time of the steady clock. It goes on when the process dies.
  void at(std::int64_t due_us, std::function<void()> event);

  // Lets all go on for so long; throws ProcessDied.
  void run_for(std::int64_t us);
  // The process died: none of its workers steps again, and nobody waits for them.
  void kill();

  std::uint64_t steps() const { return steps_; }
  // Most steps of one worker in one second; and whose.
  std::uint64_t most_steps_per_s() const { return most_steps_per_s_; }
  const char* busiest() const { return busiest_; }
  // A number that tells two runs apart: of the order in which everything stepped, and when.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  std::unique_ptr<Worker> start_worker(const char* name, Notifier& notifier, std::function<std::int64_t()> step,
                                       Priority priority) override;
  struct Job;
  class Handle;
  struct Event {
    std::int64_t due_us;
    std::uint64_t number;
    std::function<void()> happen;
  };
  bool may_step(const Job& job) const;
  bool ready(Job& job) const;
  void step(const std::shared_ptr<Job>& job);
  bool run_event();  // one that is due
  std::int64_t next_event_us() const;
  bool go_on(std::int64_t until_us);  // false: nothing more until then
  void join(Job& job);
  void note(std::uint64_t number);

  ManualClock& clock_;
  Random random_;
  std::vector<std::shared_ptr<Job>> jobs_;
  std::vector<const char*> stepping_;  // names of those whose step waits for others, the innermost last
  std::vector<Event> events_;          // a heap, the next on top
  std::uint64_t numbers_ = 0, steps_ = 0, fingerprint_ = 0;
  std::uint64_t most_steps_per_s_ = 0;
  const char* busiest_ = "";
};

}  // namespace sluice::simulation
