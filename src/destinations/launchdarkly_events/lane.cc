#include "destinations/launchdarkly_events/lane.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "destinations/launchdarkly_events/forward.h"
#include "destinations/launchdarkly_events/halves.h"
#include "destinations/refusal_judge.h"
#include "destinations/retry_policy.h"

namespace sluice::launchdarkly_events {
namespace {

using destinations::ErrorClass;
using destinations::Trouble;

ErrorClass class_of(const AnswerMeaning& meaning) {
  return meaning.verdict == Verdict::park ? ErrorClass::setup : ErrorClass::transient;
}

std::string_view bytes_of(const exporting::OutboundEvent& event) { return event.slot.json; }

}  // namespace

Lane::Lane(CredentialKind kind, const TeeSettings& settings, const http_client::OutboundPolicy* policy,
           const Clock& clock, destinations::CallMailbox& mailbox, destinations::CallStats& stats,
           PayloadCutter& cutter, Random& random)
    : kind_(kind),
      settings_(settings),
      policy_(policy),
      clock_(clock),
      mailbox_(mailbox),
      stats_(stats),
      cutter_(cutter),
      random_(random),
      breaker_(destinations::CircuitBreakerOptions{}) {}

void Lane::put(exporting::OutboundEvent event) {
  last_put_us_ = clock_.steady_us();
  auto payload = std::make_shared<Payload>();
  const journal::JournalChunk* chunk = event.entry->chunk.get();
  if (chunk != nullptr && chunk != last_chunk_) payload->chunk_bytes = chunk->buffer.size();
  last_chunk_ = chunk;
  if (few_failed()) breaker_.probe_now(last_put_us_);  // another may tell
  payload->event = std::move(event);
  ++payloads_;
  chunk_bytes_ += payload->chunk_bytes;
  Part part;
  part.payload = std::move(payload);
  ready_.push_back(std::move(part));
}

bool Lane::is_parked() const {
  return !breaker_.closed() && breaker_.why() == ErrorClass::setup && breaker_.refused_again();
}

std::optional<Done> Lane::give_up_oldest() {
  const auto whole = std::ranges::find_if(ready_, [](const Part& part) { return part.payload->parts_open == 1; });
  if (whole == ready_.end()) return std::nullopt;
  const auto problem = problems_.worst();
  const std::shared_ptr<Payload> payload = std::move(whole->payload);
  ready_.erase(whole);
  --payloads_;
  chunk_bytes_ -= payload->chunk_bytes;
  return Done{std::move(payload->event), false, problem ? problem->code : "parked",
              problem ? problem->message + " " + problem->remedy : ""};
}

std::int64_t Lane::send(std::int64_t now_us, const catalog::Environment* environment,
                        const event::FlagTracking* tracking, std::deque<Done>& done) {
  while (!waiting_.empty() && waiting_.begin()->first <= now_us) {
    ready_.push_back(std::move(waiting_.begin()->second));
    waiting_.erase(waiting_.begin());
  }
  std::int64_t next_us = waiting_.empty() ? INT64_MAX : waiting_.begin()->first;
  if (ready_.empty()) return next_us;
  const std::string credential = environment == nullptr ? std::string() : credential_of(*environment, kind_);
  if (credential.empty()) {
    problems_.set(Trouble::credentials, problem_of_missing_credential(kind_), clock_.wall_ms());
    return std::min(next_us, now_us + 1'000'000);
  }
  problems_.clear(Trouble::credentials);
  // A new key is tried at once.
  if (!refused_credential_.empty() && credential != refused_credential_) {
    refused_credential_.clear();
    breaker_.probe_now(now_us);
  }
  while (!ready_.empty() && calls_.size() < settings_.max_calls_in_flight && now_us >= not_before_us_ &&
         breaker_.may_begin(now_us, calls_.size())) {
    // While none is accepted, one that has not failed: those that did may be the cause themselves.
    const auto next = breaker_.closed()
                          ? ready_.begin()
                          : std::ranges::min_element(ready_, {}, [](const Part& p) { return p.failures; });
    Part part = std::move(*next);
    ready_.erase(next);
    send_part(std::move(part), now_us, credential, tracking, done);
  }
  if (ready_.empty() || calls_.size() >= settings_.max_calls_in_flight) return next_us;
  if (!breaker_.closed() && !calls_.empty()) return next_us;  // its answer comes first
  return std::min(next_us, std::max({not_before_us_, breaker_.closed() ? now_us : breaker_.next_try_us(), now_us}));
}

std::int64_t Lane::watch(std::int64_t now_us) {
  unanswered_.begin(now_us);
  for (auto& [number, call] : calls_) unanswered_.in_flight(call.part.unanswered, call.started_us, 1);
  if (unanswered_.is_telling()) {
    for (const Part& part : ready_) unanswered_.waiting(part.unanswered, std::max(now_us, not_before_us_), 1);
    for (const auto& [due_us, part] : waiting_)
      unanswered_.waiting(part.unanswered, std::max(due_us, not_before_us_), 1);
  }
  destinations::UnansweredWords words;
  const std::string& uri = settings_.uri_for(kind_);
  if (unanswered_.oldest()) {
    words.who = uri;
    words.what = fmt::format("a payload of the {}", lane_name(kind_));
    words.timeout_ms = http_client::HttpRequest().timeout_ms;
    words.advice = "Check the network, and the proxy if one is in use.";
  }
  if (const auto reason = unanswered_.tell(words, problems_, clock_.wall_ms()))
    log_warn("launchdarkly_events.no_answer", {{"credential", lane_name(kind_)}, {"reason", *reason}});
  return unanswered_.due_us();
}

void Lane::send_part(Part part, std::int64_t now_us, const std::string& credential, const event::FlagTracking* tracking,
                     std::deque<Done>& done) {
  const std::string_view bytes = part.original.empty() ? bytes_of(part.payload->event) : part.original;
  const auto original = event::read_original(bytes);
  // The journal's checksum held, so these bytes are what was written: nobody can deliver them.
  if (!original) return reject(std::move(part), "original_unreadable", original.error().message, done);
  // Each time anew: what is kept until the answer is the journal's bytes.
  std::optional<CutPayload> cut;
  if (tracking != nullptr) cut = cutter_.cut(*original, part.payload->event.entry->view.source(), *tracking);
  const std::uint32_t cut_events = cut ? cut->cut_events : 0;
  if (cut && cut->is_empty) {
    cut_events_ += cut_events;
    return finish_part(std::move(part), done);
  }
  http_client::HttpRequest request =
      forward_request(*original, cut ? std::move(cut->body) : std::string(original->body), part.payload_id,
                      settings_.uri_for(kind_), kind_, credential);
  request.policy = policy_;
  stats_.sent(1);
  part.unanswered.attempt_begins(now_us);
  calls_.emplace(mailbox_.send(std::move(request)), Call{std::move(part), now_us, credential, cut_events});
}

bool Lane::take(destinations::CallAnswer& answer, std::int64_t now_us, std::deque<Done>& done) {
  const auto found = calls_.find(answer.call);
  if (found == calls_.end()) return false;
  Call call = std::move(found->second);
  calls_.erase(found);
  call.part.unanswered.attempt_ends(answer.response.fault == http_client::TransportFault::timeout);
  stats_.answered(answer.arrived_us - call.started_us);
  AnswerMeaning meaning = meaning_of(answer.response, clock_.wall_ms());
  const bool own = is_its_own(meaning, call.part, now_us);
  const bool answered = meaning.verdict != Verdict::again && meaning.verdict != Verdict::park;
  if (answered) {
    payloads_failed_ = 0;
    last_failed_ = nullptr;
    breaker_.succeeded();
    refused_credential_.clear();
    // A pause that the service asked for is over when its time is, whatever others are answered.
    if (now_us >= not_before_us_) problems_.clear(Trouble::calls);
  }
  switch (meaning.verdict) {
    case Verdict::done:
      last_delivered_us_ = now_us;
      unanswered_.accepted(now_us);
      last_status_ = answer.response.status != 0 ? answer.response.status : answer.response.status_of_part;
      stats_.delivered(bytes_of(call.part.payload->event).size());
      cut_events_ += call.cut_events;
      finish_part(std::move(call.part), done);
      break;
    case Verdict::reject:
      reject(std::move(call.part), meaning.code,
             fmt::format("LaunchDarkly's event service answered this payload with {}{}.{}", meaning.status,
                         accepted_lately(now_us)
                             ? ", and accepted others"
                             : fmt::format(" {} times, over minutes in which no other came", call.part.lone_refusals),
                         meaning.reason.empty() ? "" : " It said: " + meaning.reason),
             done);
      break;
    case Verdict::too_large:
      split(std::move(call.part), meaning, done);
      break;
    case Verdict::park:
    case Verdict::again:
      stats_.failed();
      stats_.again(meaning.code, 1);
      ++call.part.failures;
      if (own)
        tell_own(meaning, call.part, now_us);
      else
        fail(meaning, call, now_us);
      retry(std::move(call.part),
            now_us + destinations::retry_delay_us(call.part.failures, destinations::kCallRetryCapUs, random_));
      break;
  }
  return true;
}

bool Lane::is_its_own(AnswerMeaning& meaning, Part& part, std::int64_t now_us) {
  if (meaning.verdict == Verdict::reject && !accepted_lately(now_us)) {
    // None need ever come: a journal that is full of what waits behind this payload takes no more.
    const bool alone = !has_others(part) && payloads_ <= destinations::kMostLone;
    part.lone_refusals += alone;
    if (!alone || part.lone_refusals < destinations::kLoneRefusals) meaning.verdict = Verdict::park;
  }
  const bool may_be =
      meaning.verdict == Verdict::park || (meaning.verdict == Verdict::again && !meaning.asks_to_wait());
  if (!may_be) return false;
  payloads_failed_ += part.payload.get() != last_failed_;
  last_failed_ = part.payload.get();
  if (!accepted_lately(now_us)) return false;
  if (meaning.verdict == Verdict::park && meaning.status >= 300) {
    part.refused_beside_others += last_delivered_us_ > part.refused_us;
    part.refused_us = now_us;
    if (part.refused_beside_others >= kRefusalsOfOne) meaning.verdict = Verdict::reject;
  }
  return payloads_failed_ < kFailuresOfAll && now_us - last_delivered_us_ < kDoubtUs;
}

bool Lane::has_others(const Part& part) const {
  const auto may_show = [&](const Part& other) { return other.payload != part.payload && other.failures == 0; };
  return std::ranges::any_of(ready_, may_show) ||
         std::ranges::any_of(waiting_, [&](const auto& each) { return may_show(each.second); }) ||
         std::ranges::any_of(calls_, [&](const auto& each) { return may_show(each.second.part); });
}

void Lane::fail(const AnswerMeaning& meaning, const Call& call, std::int64_t now_us) {
  breaker_.failed(class_of(meaning), call.started_us, now_us, random_);
  if (few_failed() && std::ranges::any_of(ready_, [](const Part& part) { return part.failures == 0; }))
    breaker_.probe_now(now_us + destinations::jittered_us(kNextPayloadLeastUs, kNextPayloadMostUs, random_));
  if (meaning.not_before_us > 0) not_before_us_ = std::max(not_before_us_, now_us + meaning.not_before_us);
  if (meaning.verdict == Verdict::park) refused_credential_ = call.credential;
  const std::int64_t next_us = std::max(breaker_.next_try_us(), not_before_us_);
  if (meaning.not_before_us > 0 && !problems_.has(Trouble::calls))
    log_warn("launchdarkly_events.asked_to_wait", {{"credential", lane_name(kind_)},
                                                   {"code", meaning.code},
                                                   {"pause", human_duration_ms(meaning.not_before_us / 1'000)}});
  problems_.set(Trouble::calls, problem_of(meaning, kind_, settings_.uri_for(kind_)), clock_.wall_ms(),
                clock_.wall_ms() + std::max<std::int64_t>(next_us - now_us, 0) / 1000);
}

// What concerns one payload is no state of the destination, but it holds its place in the journal.
void Lane::tell_own(const AnswerMeaning& meaning, Part& part, std::int64_t now_us) {
  if (part.failures < kOwnFailuresTold && !part.unanswered.told) return;
  part.told = true;
  exporting::Problem note = problem_of_one_payload(meaning, kind_, settings_.uri_for(kind_));
  if (now_us - own_told_us_ > kOwnNoteMs * 1'000)
    log_warn("launchdarkly_events.payload_not_accepted",
             {{"credential", lane_name(kind_)}, {"code", meaning.code}, {"reason", note.message}});
  own_told_us_ = now_us;
  problems_.note(std::move(note), clock_.wall_ms(), kOwnNoteMs);
}

void Lane::retry(Part part, std::int64_t not_before_us) { waiting_.emplace(not_before_us, std::move(part)); }

void Lane::split(Part part, const AnswerMeaning& meaning, std::deque<Done>& done) {
  const std::string_view bytes = part.original.empty() ? bytes_of(part.payload->event) : part.original;
  const auto original = event::read_original(bytes);
  auto halves = original ? halves_of(*original) : std::nullopt;
  if (!halves)
    return reject(
        std::move(part), meaning.code,
        fmt::format("{} refuses this payload for its size, and it cannot be divided further. If that is a proxy "
                    "or a relay, raise the limit there, then retry the dead letters.",
                    settings_.uri_for(kind_)),
        done);
  ++part.payload->parts_open;
  for (auto* half : {&halves->second, &halves->first}) {
    Part sent;
    sent.payload = part.payload;
    sent.original = std::move(half->original);
    sent.payload_id = std::move(half->payload_id);
    ready_.push_front(std::move(sent));
  }
}

void Lane::reject(Part part, std::string code, std::string reason, std::deque<Done>& done) {
  part.payload->code = std::move(code);
  part.payload->reason = std::move(reason);
  finish_part(std::move(part), done);
}

void Lane::finish_part(Part part, std::deque<Done>& done) {
  if (part.told) problems_.clear_note(std::string(kOneNotAccepted));  // another one renews it
  Payload& payload = *part.payload;
  if (--payload.parts_open > 0) return;
  --payloads_;
  chunk_bytes_ -= payload.chunk_bytes;
  done.push_back({std::move(payload.event), payload.code.empty(), std::move(payload.code), std::move(payload.reason)});
}

}  // namespace sluice::launchdarkly_events
