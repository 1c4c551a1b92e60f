// WebhookSink: what answers lead to.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/counted.h"
#include "base/log.h"
#include "destinations/retry_policy.h"
#include "destinations/webhook/webhook_sink.h"

namespace sluice::webhook {
namespace {

using destinations::ErrorClass;
using destinations::Trouble;

constexpr std::int64_t kTooLargeNoteMs = 3'600'000;
// A batch that failed so often while others were accepted is reported.
constexpr std::uint32_t kReportHeldAfter = 2;
// Between attempts of one that only a person can fix; as the probes of CircuitBreakerOptions. Before it is reported: so
// soon that whoever looks learns of it within seconds.
constexpr std::int64_t kHeldLeastUs = 30'000'000, kHeldMostUs = 60'000'000;
constexpr std::int64_t kSoonLeastUs = 1'000'000, kSoonMostUs = 2'000'000;

}  // namespace

void WebhookSink::take_answers(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) {
  mailbox_.take(answers_);
  for (destinations::CallAnswer& answer : answers_) {
    const auto found = calls_.find(answer.call);
    if (found == calls_.end()) continue;
    Call call = std::move(found->second);
    calls_.erase(found);
    call_stats_.answered(answer.arrived_us - call.started_us);
    take_answer(std::move(call), answer.response, now_us, finished);
  }
  answers_.clear();
}

void WebhookSink::take_answer(Call call, http_client::HttpResponse& response, std::int64_t now_us,
                              std::vector<exporting::FinishedEvent>& finished) {
  // Sent again as it was; what did not come back whole is written again.
  if (response.request_body.size() == call.parcel.body_bytes) call.parcel.batch.body = std::move(response.request_body);
  const int status = response.status != 0 ? response.status : response.status_of_part;
  if (status != 0) last_status_ = status;
  call.parcel.unanswered.attempt_ends(response.fault == http_client::TransportFault::timeout);
  Verdict verdict = judge(response, {settings_.url, call.parcel.batch.events.size(), call.parcel.body_bytes, hidden_},
                          clock_.wall_ms());
  if (verdict.action == Action::done) return accepted(std::move(call), response, now_us, finished);
  call_stats_.failed();
  call_stats_.again(verdict.problem.code, 1);
  switch (verdict.action) {
    case Action::halve:
      return halve(std::move(call), std::move(verdict), now_us);
    case Action::reject:
      return too_large_alone(std::move(call), std::move(verdict), now_us);
    case Action::stop:
      return gone(std::move(call), std::move(verdict));
    case Action::done:
    case Action::retry:
    case Action::park:
      return failed(std::move(call), std::move(verdict), now_us);
  }
}

void WebhookSink::accepted(Call call, const http_client::HttpResponse& response, std::int64_t now_us,
                           std::vector<exporting::FinishedEvent>& finished) {
  const Parcel& parcel = call.parcel;
  judge_.accepted(now_us);
  unanswered_.accepted(now_us);
  if (parcel.batch.events.size() == 1) judge_.forget(parcel.batch.events.front().ticket);
  call_stats_.delivered(parcel.body_bytes);
  delivered_id_ = parcel.batch.id;
  delivered_status_ = response.status != 0 ? response.status : response.status_of_part;
  if (parcel.refused_alone) --refused_alone_;
  finish(parcel.batch.events, true, finished);
  forget_held(parcel);
  if (now_us >= pause_until_us_ && !gone_) problems_.clear(Trouble::calls);
  if (!breaker_.succeeded()) return;
  log_info("webhook.call_succeeded_again", {{"destination", name_}, {"waiting", events_inside_}});
  // What failed with the receiver comes again, spread so that it is no stampede; what is held stays so.
  for (Parcel& waiting : waiting_)
    if (waiting.held == 0)
      waiting.not_before_us =
          std::min(waiting.not_before_us, now_us + destinations::jittered_us(0, destinations::kExpediteUs, random_));
}

void WebhookSink::forget_held(const Parcel& parcel) {
  const auto is_reported = [](const Parcel& each) {
    return each.held >= kReportHeldAfter || (each.held > 0 && each.unanswered.told);
  };
  if (is_reported(parcel) && std::ranges::none_of(waiting_, is_reported) &&
      std::ranges::none_of(calls_, [&](const auto& call) { return is_reported(call.second.parcel); }))
    problems_.clear(Trouble::held_events);
}

void WebhookSink::halve(Call call, Verdict verdict, std::int64_t now_us) {
  const std::int64_t suspected_us = call.parcel.suspected_us != 0 ? call.parcel.suspected_us : call.started_us;
  verdict.problem.weight = exporting::Problem::Weight::note;
  problems_.note(std::move(verdict.problem), clock_.wall_ms(), kTooLargeNoteMs);
  forget_held(call.parcel);
  auto halves = builder_.halve(std::move(call.parcel.batch));
  for (Batch* half : {&halves.first, &halves.second}) {
    Parcel parcel;
    parcel.body_bytes = half->body.size();
    parcel.batch = std::move(*half);
    parcel.suspected_us = suspected_us;
    parcel.not_before_us = now_us;
    waiting_.push_back(std::move(parcel));
  }
}

// One event. It is given up only when the receiver takes others, or when it is alone for long: else something on the
// way may refuse everything.
void WebhookSink::too_large_alone(Call call, Verdict verdict, std::int64_t now_us) {
  using Judgement = destinations::RefusalJudge::Verdict;
  Parcel& parcel = call.parcel;
  if (parcel.suspected_us == 0) parcel.suspected_us = call.started_us;
  if (!std::exchange(parcel.refused_alone, true)) ++refused_alone_;
  const exporting::OutboundEvent& event = parcel.batch.events.front();
  const bool others = has_others();
  if (!others) ++parcel.lone_refusals;
  switch (judge_.alone_for_long(event.ticket, parcel.lone_refusals, others)
              ? Judgement::reject
              : judge_.refused_alone(event.ticket, parcel.suspected_us, now_us, others)) {
    case Judgement::reject: {
      judge_.forget(event.ticket);
      --refused_alone_;
      const std::string reason = verdict.problem.message + " " + verdict.problem.remedy;
      rejected_.add(destinations::HeldRecord(event), verdict.problem.code, reason);
      forget_held(parcel);
      return;
    }
    case Judgement::again:
      parcel.not_before_us = now_us;
      break;
    case Judgement::later:
      parcel.not_before_us =
          now_us + destinations::retry_delay_us(judge_.waits(event.ticket) + 1, destinations::kCallRetryCapUs, random_);
      break;
    case Judgement::everything:
      parcel.not_before_us = now_us;
      verdict.problem.weight = exporting::Problem::Weight::setup;
      verdict.problem.message += " It has accepted no other event since. Nothing is discarded.";
      open_breaker(verdict, ErrorClass::setup, call.started_us, now_us);
      if (breaker_.refused_again()) show_failure(std::move(verdict), now_us);
      break;
  }
  waiting_.push_back(std::move(parcel));
}

void WebhookSink::failed(Call call, Verdict verdict, std::int64_t now_us) {
  Parcel& parcel = call.parcel;
  const bool needs_person = verdict.action == Action::park;
  // The batch fails, and the receiver does not: others were accepted since it failed the last time, or during the call
  // if that took so long that it was told.
  const bool told = parcel.unanswered.told;
  const bool alone =
      parcel.failures > 0 ? judge_.accepted_since(parcel.failed_us) : told && judge_.accepted_since(call.started_us);
  ++parcel.failures;
  parcel.failed_us = now_us;
  parcel.not_before_us = now_us + destinations::retry_delay_us(parcel.failures, destinations::kCallRetryCapUs, random_);
  if (verdict.retry_after_ms > 0) pause_until_us_ = std::max(pause_until_us_, now_us + verdict.retry_after_ms * 1'000);
  if (alone && verdict.retry_after_ms <= 0) {
    ++parcel.held;
    const bool reported = parcel.held >= kReportHeldAfter || told;
    if (needs_person)
      parcel.not_before_us = now_us + (reported ? destinations::jittered_us(kHeldLeastUs, kHeldMostUs, random_)
                                                : destinations::jittered_us(kSoonLeastUs, kSoonMostUs, random_));
    if (reported) {
      verdict.problem.message = fmt::format("A batch of {} is not accepted, and others are. {}",
                                            counted(parcel.batch.events.size(), "event"), verdict.problem.message);
      if (!problems_.has(Trouble::held_events))
        log_warn("webhook.batch_held",
                 {{"destination", name_}, {"code", verdict.problem.code}, {"reason", verdict.problem.message}});
      problems_.set(Trouble::held_events, std::move(verdict.problem), clock_.wall_ms(),
                    wall_ms_at(parcel.not_before_us, now_us));
    }
  } else {
    const ErrorClass why = needs_person                          ? ErrorClass::setup
                           : verdict.problem.code == "throttled" ? ErrorClass::throttle
                                                                 : ErrorClass::transient;
    open_breaker(verdict, why, call.started_us, now_us);
    // Another batch tells whether it is this one that is refused, or everything.
    if (needs_person && waiting_.size() + 1 < kFailedOfAll && builder_.events() > 0)
      breaker_.probe_now(now_us + destinations::jittered_us(kSoonLeastUs, kSoonMostUs, random_));
    // A single failure that the next call recovers from is not reported.
    const bool shown = needs_person
                           ? breaker_.refused_again()
                           : breaker_.failures() >= 2 || verdict.retry_after_ms > 0 || problems_.has(Trouble::progress);
    if (shown) show_failure(std::move(verdict), now_us);
  }
  waiting_.push_back(std::move(parcel));
}

void WebhookSink::gone(Call call, Verdict verdict) {
  if (!gone_) log_warn("webhook.gone", {{"destination", name_}, {"reason", verdict.problem.message}});
  gone_ = true;
  problems_.set(Trouble::calls, std::move(verdict.problem), clock_.wall_ms());
  waiting_.push_back(std::move(call.parcel));
}

void WebhookSink::open_breaker(const Verdict& verdict, ErrorClass why, std::int64_t started_us, std::int64_t now_us) {
  const bool was_closed = breaker_.closed();
  breaker_.failed(why, started_us, now_us, random_);
  if (was_closed || breaker_.failures() == 2)
    log_warn("webhook.call_failed", {{"destination", name_},
                                     {"class", destinations::error_class_name(why)},
                                     {"code", verdict.problem.code},
                                     {"reason", verdict.problem.message}});
}

void WebhookSink::show_failure(Verdict verdict, std::int64_t now_us) {
  if (gone_) return;
  problems_.set(Trouble::calls, std::move(verdict.problem), clock_.wall_ms(),
                wall_ms_at(std::max(breaker_.next_try_us(), pause_until_us_), now_us));
}

std::int64_t WebhookSink::wall_ms_at(std::int64_t at_us, std::int64_t now_us) const {
  return clock_.wall_ms() + std::max<std::int64_t>(at_us - now_us, 0) / 1'000;
}

}  // namespace sluice::webhook
