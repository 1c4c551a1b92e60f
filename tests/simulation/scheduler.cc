#include "scheduler.h"

#include <algorithm>
#include <string_view>

#include "base/check.h"

namespace sluice::simulation {
namespace {

// A step takes some microseconds, so that work which asks to be called again at once lets time pass.
constexpr std::uint64_t kStepUs = 20;

// The publisher waits for destinations that stop, for seconds, with no lock that another worker takes: all others go on
// meanwhile.
constexpr std::string_view kPublisher = "publisher", kDestination = "destination";
// A job of the API may take longer than anything, and would hold up the one inside whose step it began.
constexpr std::string_view kRestWorker = "rest-worker";

}  // namespace

struct Scheduler::Job {
  std::uint64_t number;
  const char* name;
  Notifier* notifier;
  std::function<std::int64_t()> step;
  std::int64_t due_us;
  bool notified = false;
  bool stepping = false;
  bool done = false;
  std::int64_t second = 0;  // in which it stepped last
  std::uint64_t steps_in_second = 0;
};

class Scheduler::Handle final : public Worker {
 public:
  Handle(Scheduler& scheduler, std::shared_ptr<Job> job) : scheduler_(scheduler), job_(std::move(job)) {}
  void join() override { scheduler_.join(*job_); }

 private:
  Scheduler& scheduler_;
  std::shared_ptr<Job> job_;
};

std::unique_ptr<Worker> Scheduler::start_worker(const char* name, Notifier& notifier,
                                                std::function<std::int64_t()> step, Priority /*priority*/) {
  jobs_.push_back(std::make_shared<Job>(Job{++numbers_, name, &notifier, std::move(step), clock_.steady_us()}));
  return std::make_unique<Handle>(*this, jobs_.back());
}

void Scheduler::at(std::int64_t due_us, std::function<void()> event) {
  events_.push_back({due_us, ++numbers_, std::move(event)});
  std::push_heap(events_.begin(), events_.end(), [](const Event& a, const Event& b) {
    return std::pair(a.due_us, a.number) > std::pair(b.due_us, b.number);
  });
}

std::int64_t Scheduler::next_event_us() const { return events_.empty() ? INT64_MAX : events_.front().due_us; }

bool Scheduler::run_event() {
  if (next_event_us() > clock_.steady_us()) return false;
  std::pop_heap(events_.begin(), events_.end(), [](const Event& a, const Event& b) {
    return std::pair(a.due_us, a.number) > std::pair(b.due_us, b.number);
  });
  const Event event = std::move(events_.back());
  events_.pop_back();
  note(event.number);
  event.happen();
  return true;
}

bool Scheduler::may_step(const Job& job) const {
  return !job.done && !job.stepping && (stepping_.empty() || job.name != kRestWorker);
}

bool Scheduler::ready(Job& job) const {
  if (!may_step(job)) return false;
  if (job.notifier->take()) job.notified = true;
  return job.notified || job.due_us <= clock_.steady_us();
}

void Scheduler::note(std::uint64_t number) {
  ++steps_;
  fingerprint_ =
      (fingerprint_ ^ (number * 0x9E3779B97F4A7C15u + static_cast<std::uint64_t>(clock_.steady_us()))) * 0x100000001B3u;
}

void Scheduler::step(const std::shared_ptr<Job>& job) {
  note(job->number);
  if (const std::int64_t second = clock_.steady_us() / 1'000'000; second != job->second) {
    job->second = second;
    job->steps_in_second = 0;
  }
  if (++job->steps_in_second > most_steps_per_s_) {
    most_steps_per_s_ = job->steps_in_second;
    busiest_ = job->name;
  }
  job->notified = false;
  job->stepping = true;
  stepping_.push_back(job->name);
  std::int64_t wait_us = kWorkerDone;
  try {
    wait_us = job->step();
  } catch (const ProcessDied&) {
    kill();  // at once: what is undone on the way up must not go on working
    throw;
  }
  job->stepping = false;
  stepping_.pop_back();
  if (wait_us == kWorkerDone) {
    job->done = true;
    std::erase(jobs_, job);
  } else {
    job->due_us = wait_us == kUntilNotified ? INT64_MAX : clock_.steady_us() + wait_us;
  }
  clock_.advance_us(1 + static_cast<std::int64_t>(random_.below(kStepUs)));
}

bool Scheduler::go_on(std::int64_t until_us) {
  std::vector<std::shared_ptr<Job>> able;
  std::int64_t next_us = next_event_us();
  for (const auto& job : jobs_) {
    if (ready(*job)) able.push_back(job);
    if (may_step(*job)) next_us = std::min(next_us, job->due_us);
  }
  const bool event = next_event_us() <= clock_.steady_us();
  if (!able.empty() || event) {
    const std::uint64_t chosen = random_.below(able.size() + (event ? 1 : 0));
    if (chosen == able.size())
      run_event();
    else
      step(able[chosen]);
    return true;
  }
  if (next_us >= until_us) {
    if (until_us > clock_.steady_us()) clock_.advance_us(until_us - clock_.steady_us());
    return false;
  }
  clock_.advance_us(next_us - clock_.steady_us());
  return true;
}

void Scheduler::run_for(std::int64_t us) {
  const std::int64_t until_us = clock_.steady_us() + us;
  while (clock_.steady_us() < until_us && go_on(until_us)) {
  }
}

bool Scheduler::wait_us(Notifier& notifier, std::int64_t us) {
  const std::int64_t until_us = clock_.steady_us() + us;
  while (!notifier.take()) {
    if (clock_.steady_us() >= until_us || !go_on(until_us)) return notifier.take();
  }
  return true;
}

// Only the one that is waited for goes on, with the network: what others would do meanwhile could want the locks that
// the waiting one holds, and in one thread nobody would ever give them back. Not so while the publisher waits for a
// destination.
void Scheduler::join(Job& job) {
  const auto found = std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& each) { return each.get() == &job; });
  if (found == jobs_.end()) return;  // done, or dead
  const std::shared_ptr<Job> kept = *found;
  const bool all = !stepping_.empty() && stepping_.back() == kPublisher && kept->name == kDestination;
  while (!kept->done && std::find(jobs_.begin(), jobs_.end(), kept) != jobs_.end()) {
    if (all) {
      SLUICE_CHECK(go_on(INT64_MAX), "whoever waits for a worker has notified it");
    } else if (ready(*kept)) {
      step(kept);
    } else if (!run_event()) {
      const std::int64_t next_us = std::min(kept->due_us, next_event_us());
      SLUICE_CHECK(next_us != INT64_MAX, "whoever waits for a worker has notified it");
      clock_.advance_us(std::max<std::int64_t>(next_us - clock_.steady_us(), 0));
    }
  }
}

void Scheduler::kill() {
  jobs_.clear();
  stepping_.clear();
}

}  // namespace sluice::simulation
