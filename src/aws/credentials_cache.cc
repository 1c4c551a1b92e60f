#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "aws/credentials.h"
#include "aws/credentials_keeper.h"

namespace sluice::aws {

struct CredentialsCache::State {
  std::unique_ptr<CredentialsSource> source;
  std::function<void()> changed;

  mutable std::mutex mutex;
  mutable std::condition_variable answer_notifier;
  CredentialsKeeper keeper;  // guarded by mutex
  bool stopping = false;     // guarded by mutex
  bool fetching = false;     // guarded by mutex
  bool answered = false;     // guarded by mutex

  Notifier notifier;
  Workers& workers;
  std::once_flag begun;
  std::unique_ptr<Worker> worker;  // null: nobody asked yet

  State(std::unique_ptr<CredentialsSource> from, const Clock& clock, std::function<void()> on_change, Workers& on)
      : source(std::move(from)), changed(std::move(on_change)), keeper(clock, Random::from_system()), workers(on) {}

  void begin() {
    std::call_once(begun, [this] { worker = workers.start("credentials", notifier, [this] { return step(); }); });
  }

  std::int64_t step() {
    std::unique_lock lock(mutex);
    if (stopping) return kWorkerDone;
    bool news = keeper.take_expiry();
    if (keeper.fetch_is_due()) {
      fetching = true;
      lock.unlock();
      auto answer = source->fetch();
      lock.lock();
      fetching = false;
      if (keeper.take(std::move(answer))) news = true;
      answered = true;
      answer_notifier.notify_all();
    }
    if (news && changed) {
      lock.unlock();
      changed();
      lock.lock();
    }
    return std::max<std::int64_t>(keeper.wait_ms(), 0) * 1000;
  }
};

CredentialsCache::CredentialsCache(std::unique_ptr<CredentialsSource> source, const Clock& clock,
                                   std::function<void()> changed, Workers& workers)
    : state_(std::make_unique<State>(std::move(source), clock, std::move(changed), workers)) {}

CredentialsCache::~CredentialsCache() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->notifier.notify();
  if (state_->worker) state_->worker->join();
}

std::shared_ptr<const Credentials> CredentialsCache::current() const {
  state_->begin();
  const std::lock_guard lock(state_->mutex);
  return state_->keeper.current();
}

std::optional<CredentialsError> CredentialsCache::error() const {
  state_->begin();
  const std::lock_guard lock(state_->mutex);
  return state_->keeper.error();
}

void CredentialsCache::await_first_answer(std::chrono::milliseconds at_most) const {
  state_->begin();
  std::unique_lock lock(state_->mutex);
  state_->answer_notifier.wait_for(lock, at_most, [this] { return state_->answered; });
}

void CredentialsCache::refuse(const std::shared_ptr<const Credentials>& refused) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->fetching) return;
    state_->keeper.refuse(refused);
  }
  state_->notifier.notify();
}

}  // namespace sluice::aws
