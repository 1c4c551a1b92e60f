#include "export/runner.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "export/limits.h"
#include "export/selection.h"

namespace sluice::exporting {
namespace {

// A drain waits for a destination that has trouble as long as it delivered something within this time, or began within
// it.
constexpr std::int64_t kDrainPatienceMs = 2'000;

SinkUse use_of(const std::optional<ReplayRange>& replay) {
  if (!replay) return {};
  return {SinkUse::Purpose::replay, std::to_string(replay->started_ms)};
}

}  // namespace

Runner::Runner(catalog::Destination destination, journal::Journal& journal,
               std::unique_ptr<journal::CursorFile> cursor_file, const Clock& clock,
               std::shared_ptr<DeadLetterFile> dead_letters, const SinkFactory& make_sink, Workers& workers,
               std::shared_ptr<SharedHistory> history, std::optional<ReplayRange> replay, std::vector<Problem> notes,
               CursorSyncs* syncs)
    : journal_(journal),
      clock_(clock),
      workers_(workers),
      dead_letters_(std::move(dead_letters)),
      live_(!replay),
      notes_(std::move(notes)),
      pipeline_(destination, journal, std::move(cursor_file),
                make_sink(destination, notifier_, *dead_letters_, use_of(replay)), clock, replay, syncs),
      history_(history ? std::move(history) : std::make_shared<SharedHistory>(clock.wall_ms())),
      state_since_(moment_of(clock)) {
  in_history_ = history_->begin(*pipeline_.status());
  rates_ = history_->rates(state_since_.wall_ms);
  status_.set(std::make_shared<const DestinationStatus>(make_status()));
}

Runner::~Runner() { stop(); }

void Runner::start() {
  const std::lock_guard lock(stop_mutex_);
  if (worker_ || stopped_) return;
  journal_.subscribe(&signal_, destination().environment_id);
  worker_ = workers_.start("destination", notifier_, [this] { return step(); });
}

void Runner::begin_stop() {
  pipeline_.stop();
  notifier_.notify();
}

void Runner::flush() {
  pipeline_.flush();
  notifier_.notify();
}

void Runner::fence() {
  begin_stop();
  pipeline_.wait_for_step();
}

void Runner::stop() {
  const std::lock_guard lock(stop_mutex_);
  stopped_ = true;
  if (!worker_) return;
  begin_stop();
  worker_->join();
  worker_.reset();
  journal_.unsubscribe(&signal_);
}

std::int64_t Runner::step() {
  signal_.begin_reading();
  std::int64_t deadline_us = pipeline_.step();
  if (pipeline_.stopped()) {
    pipeline_.close();
    return kWorkerDone;
  }
  const std::int64_t now_us = clock_.steady_us();
  const std::int64_t rests_until_us = pipeline_.rests_until_us();
  const bool rests = rests_until_us > now_us;
  if (rests) deadline_us = std::min(deadline_us, rests_until_us);
  if (!signal_.notify_at(rests ? kRestBytes : 1)) deadline_us = now_us;
  return std::clamp<std::int64_t>(deadline_us - now_us, 0, kIdleCursorIntervalUs);
}

bool Runner::drained(std::int64_t since_us) const {
  const PipelineStatus status = pipeline_.status_now();
  if (status.balance.waiting == 0) return true;
  if (!status.problem) return false;
  if (status.problem->weight == Problem::Weight::setup) return true;
  // A stream that takes less than what arrives takes something all the while; one that is gone takes nothing.
  return clock_.steady_us() - std::max(status.last_delivery.steady_us, since_us) > kDrainPatienceMs * 1000;
}

DestinationStatus Runner::make_status() const {
  DestinationStatus status;
  status.destination = destination();
  status.pipeline = *pipeline_.status();
  status.pipeline.notes.insert(status.pipeline.notes.begin(), notes_.begin(), notes_.end());
  // What came since counts as waiting, though the pipeline has not stepped yet: who was told 202 and asks then must not
  // be told that nothing waits.
  const std::uint64_t appended =
      live_ ? selected(destination(), journal_.mark(destination().environment_id).appended) : status.pipeline.appended;
  status.pipeline.balance.accepted += appended - status.pipeline.appended;
  status.pipeline.balance.waiting += appended - status.pipeline.appended;
  status.pipeline.appended = appended;
  const Moment& last = status.pipeline.last_delivery;
  status.last_delivery_ms = last.wall_ms > 0 ? last.shown_ms(clock_) : history_->last_delivery_ms();
  status.dead_letter_path = dead_letters_->path();
  status.dead_letter_bytes = status.pipeline.balance.dead_lettered > 0 ? dead_letters_->kept_bytes() : 0;
  status.rotated_out = dead_letters_->rotated_out();
  const std::int64_t now_us = clock_.steady_us();
  if (status.pipeline.oldest_received_ms > 0)
    status.oldest_waiting_age_ms = std::max<std::int64_t>(clock_.wall_ms() - status.pipeline.oldest_received_ms, 0);
  // By the clock it may have come in the future: one that was set back. It waits at least as long as it was seen to.
  if (stands_since_us_ > 0 && status.pipeline.balance.waiting > 0 && status.pipeline.position == stands_at_)
    status.oldest_waiting_age_ms = std::max(status.oldest_waiting_age_ms, (now_us - stands_since_us_) / 1000);
  status.state = destination_state(
      {true, status.pipeline.problem, status.pipeline.balance.waiting, status.oldest_waiting_age_ms,
       last.wall_ms == 0 ? -1 : (now_us - last.steady_us) / 1000, status.destination.behind_after_ms});
  status.state_since_ms = state_since_.shown_ms(clock_);
  status.rates = rates_;
  status.accepted_per_s = recent_.accepted_per_s();
  status.delivered_per_s = recent_.delivered_per_s();
  return status;
}

void Runner::sample() {
  const std::shared_ptr<const PipelineStatus> pipeline = pipeline_.status();
  recent_.sample(clock_.steady_us(), pipeline->balance.accepted, pipeline->balance.delivered);
  rates_ = history_->sample(in_history_, *pipeline, clock_.wall_ms());
  if (pipeline->balance.waiting == 0) {
    stands_since_us_ = 0;
  } else if (stands_since_us_ == 0 || pipeline->position != stands_at_) {
    stands_since_us_ = clock_.steady_us();
    stands_at_ = pipeline->position;
  }
  auto now_shared = std::make_shared<DestinationStatus>(make_status());
  DestinationStatus& now = *now_shared;
  const std::string code = now.pipeline.problem ? now.pipeline.problem->code : "";
  if (now.state == state_ && code == problem_code_) {
    status_.set(std::move(now_shared));
    return;
  }
  // `delivering` and `idle` follow each other all day: not worth a line.
  const auto quiet = [](DestinationState state) {
    return state == DestinationState::delivering || state == DestinationState::idle;
  };
  if (!(quiet(now.state) && quiet(state_))) log_state(now);
  state_ = now.state;
  problem_code_ = code;
  state_since_ = moment_of(clock_);
  now.state_since_ms = state_since_.wall_ms;
  status_.set(std::move(now_shared));
}

void Runner::refresh() { status_.set(std::make_shared<const DestinationStatus>(make_status())); }

void Runner::log_state(const DestinationStatus& now) const {
  const std::string_view state = destination_state_name(now.state);
  if (now.pipeline.problem) {
    const Problem& problem = *now.pipeline.problem;
    const std::string_view asked = problem.request_id.empty() ? "none" : std::string_view(problem.request_id);
    log_warn("destination.state", {{"destination", now.destination.name},
                                   {"state", state},
                                   {"waiting", now.pipeline.balance.waiting},
                                   {"code", problem.code},
                                   {"message", problem.message},
                                   {"remedy", problem.remedy},
                                   {"request_id", asked}});
    return;
  }
  log_info("destination.state", {{"destination", now.destination.name},
                                 {"state", state},
                                 {"waiting", now.pipeline.balance.waiting},
                                 {"oldest", human_duration_ms(now.oldest_waiting_age_ms)}});
}

}  // namespace sluice::exporting
