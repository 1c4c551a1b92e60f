#include "intake/journal_fake.h"

namespace sluice::intake {

void FakeJournal::answer_with(journal::AppendOutcome outcome) {
  const std::lock_guard lock(mutex_);
  outcome_ = outcome;
  durable_before_ = 0;
}

void FakeJournal::answer_after(std::size_t appends, journal::AppendOutcome outcome) {
  const std::lock_guard lock(mutex_);
  outcome_ = outcome;
  durable_before_ = appends;
}

void FakeJournal::hold_answers() {
  const std::lock_guard lock(mutex_);
  holding_ = true;
}

void FakeJournal::release() {
  std::deque<journal::AppendRequest> held;
  {
    const std::lock_guard lock(mutex_);
    holding_ = false;
    held.swap(held_);
  }
  for (journal::AppendRequest& request : held) append(std::move(request));
}

void FakeJournal::wait_held(std::size_t count) {
  std::unique_lock lock(mutex_);
  held_changed_.wait(lock, [&] { return held_.size() >= count; });
}

std::vector<FakeJournal::Stored> FakeJournal::stored() const {
  const std::lock_guard lock(mutex_);
  return stored_;
}

void FakeJournal::forget_all() {
  const std::lock_guard lock(mutex_);
  stored_.clear();
  seen_.clear();
}

journal::AppendOutcome FakeJournal::store(journal::AppendRequest& request) {
  if (durable_before_ > 0)
    --durable_before_;
  else if (outcome_ != journal::AppendOutcome::durable)
    return outcome_;
  if (request.dedupe_key != journal::DedupeKey{} && !seen_.emplace(request.environment, request.dedupe_key).second)
    return journal::AppendOutcome::deduplicated;
  stored_.push_back(
      {request.environment, request.dedupe_key, request.received_ms, request.counts, std::move(request.entry)});
  return journal::AppendOutcome::durable;
}

void FakeJournal::append(journal::AppendRequest request) {
  journal::AppendOutcome outcome;
  {
    const std::lock_guard lock(mutex_);
    if (holding_) {
      held_.push_back(std::move(request));
      held_changed_.notify_all();
      return;
    }
    outcome = store(request);
  }
  request.done(outcome);
}

}  // namespace sluice::intake
