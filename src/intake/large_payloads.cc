#include "intake/large_payloads.h"

namespace sluice::intake {
namespace {

constexpr std::int64_t kMaxWaitUs = http::kMaxTurnMs * 1000;

}  // namespace

LargePayloads::LargePayloads(Intake& intake, Workers& workers)
    : intake_(intake), metrics_(intake.metrics.add_loop()), taker_(intake, metrics_) {
  worker_ = workers.start(
      "large-payloads", notifier_, [this] { return step(); }, Priority::low);
}

LargePayloads::~LargePayloads() {
  stop();
  worker_->join();
}

void LargePayloads::put(LargePayload payload) {
  {
    const std::lock_guard lock(mutex_);
    waiting_[{payload.environment->id, payload.route.credential}].push_back(std::move(payload));
  }
  notifier_.notify();
}

void LargePayloads::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  notifier_.notify();
}

// One after the other, so that at most one is in memory as more than it was sent as.
std::int64_t LargePayloads::step() {
  {
    const std::lock_guard lock(mutex_);
    if (being_stored_ && !stopping_) return kUntilNotified;
  }
  std::optional<LargePayload> payload = next();
  if (payload) {
    take(std::move(*payload));
    return 0;
  }
  const std::lock_guard lock(mutex_);
  return stopping_ ? kWorkerDone : kUntilNotified;
}

std::optional<LargePayload> LargePayloads::next() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return std::nullopt;
  auto owner = waiting_.upper_bound(last_served_);
  if (owner == waiting_.end()) owner = waiting_.begin();
  last_served_ = owner->first;
  LargePayload payload = std::move(owner->second.front());
  owner->second.pop_front();
  if (owner->second.empty()) waiting_.erase(owner);
  being_stored_ = true;
  return payload;
}

void LargePayloads::take(LargePayload payload) {
  Exchange exchange{intake_,           metrics_,           payload.request,    payload.route,
                    payload.responder, payload.started_us, payload.environment};
  const auto finished = [this] {
    const std::lock_guard lock(mutex_);
    being_stored_ = false;
    notifier_.notify();  // under the lock: the worker may be the last that this waits for
  };
  bool stopping;
  {
    const std::lock_guard lock(mutex_);
    stopping = stopping_;
  }
  if (stopping) {
    exchange.refuse(Refusal::stopping, "Sluice is stopping. Nothing was stored; send it again in a second.");
  } else if (intake_.clock.steady_us() - payload.started_us > kMaxWaitUs) {
    exchange.refuse(Refusal::overloaded,
                    "More large payloads arrive than Sluice reads at a time. Nothing was stored; send it again in a "
                    "second, or in smaller payloads.");
  } else if (taker_.take(exchange, intake_.limits.max_inflated_bytes, finished) ==
             PayloadTaker::Outcome::stored_later) {
    return;
  }
  finished();
}

}  // namespace sluice::intake
