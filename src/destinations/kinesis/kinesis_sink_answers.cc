// KinesisSink: what answers lead to.

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "destinations/kinesis/kinesis_sink.h"
#include "destinations/retry_policy.h"

namespace sluice::kinesis {
namespace {

// Throttling below this share is normal for a busy stream, and not reported as a problem.
constexpr double kReportThrottledShare = 0.02;
// Without a throttled record for this long, throttling counts as over.
constexpr std::int64_t kThrottlingOverUs = 1'000'000;
constexpr std::int64_t kClockNoteMs = 3'600'000;
// One record in so many tells its shard, where the shards are not known otherwise: all are named within a second of any
// load that matters.
constexpr std::size_t kNameShardEvery = 16;

}  // namespace

void KinesisSink::take_answers(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) {
  caller_.take(answers_);
  for (destinations::CallAnswer& answer : answers_) {
    if (answer.call == watch_call_) {
      watch_call_ = 0;
      take_watch_answer(answer, now_us);
      continue;
    }
    const auto found = calls_.find(answer.call);
    if (found == calls_.end()) continue;
    Call call = std::move(found->second);
    calls_.erase(found);
    if (!call.full) --small_calls_;
    buffers_.keep(std::move(answer.response.request_body));
    call_stats_.answered(answer.arrived_us - call.started_us);
    take_put_answer(std::move(call), answer, now_us, finished);
  }
  answers_.clear();
}

void KinesisSink::take_put_answer(Call call, destinations::CallAnswer& answer, std::int64_t now_us,
                                  std::vector<exporting::FinishedEvent>& finished) {
  if (call.bisecting) bisection_in_flight_ = false;
  const bool answered = answer.response.fault == http_client::TransportFault::none && answer.response.status == 200;
  const bool fits = answered && parser_.parse(answer.response.body, call.records.size());
  if (wire_format_.answered(call.format, answer.response, fits, now_us) == WireFormatChooser::Use::send_again_as_json) {
    log_info("kinesis.cbor_not_understood",
             {{"destination", name_}, {"status", answer.response.status}, {"endpoint", caller_.endpoint()}});
    put_back(std::move(call), "cbor_not_understood");
    return;
  }
  if (!answered) {
    call_stats_.failed();
    take_call_error(std::move(call), answer, now_us);
    return;
  }
  if (!fits) {
    // What came is no proof of anything: all of it goes out again, some of it perhaps for the second time.
    call_stats_.failed();
    call_stats_.anomaly();
    log_warn("kinesis.answer_unreadable", {{"destination", name_},
                                           {"reason", parser_.why()},
                                           {"request_id", answer.response.header("x-amzn-requestid")}});
    destinations::CallError error{http_client::TransportFault::none, 200, "answer_unreadable", parser_.why(),
                                  std::string(answer.response.header("x-amzn-requestid"))};
    open_breaker(error, destinations::ErrorClass::transient, call, now_us);
    put_back(std::move(call), error.code);
    return;
  }
  close_breaker(now_us);
  call_size_.accepted(call.bytes, call.started_us, now_us);
  if (call.bisecting) bisections_.front().accepted();
  take_records(call, now_us, finished);
}

void KinesisSink::take_records(Call& call, std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) {
  const auto& records = parser_.records();
  std::size_t failed = 0, throttled = 0, aimed_wrong = 0;
  for (const RecordAnswer& record : records) {
    if (!record.delivered) continue;
    judge_.accepted(call.started_us);
    trying_since_us_ = calls_.empty() ? 0 : now_us;
    problems_.clear(destinations::Trouble::progress);
    record_code_.clear();
    break;
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    destinations::HeldRecord& record = call.records[i];
    if (i % kNameShardEvery == 0) pacer_.note_shard(records[i].shard_id, now_us);
    if (records[i].delivered) {
      aimed_wrong += record.lane != kNoShard && !landed_where_aimed(record.lane, records[i].shard_id);
      pacer_.count_answer(record.lane, counted_bytes(record.bytes), true);
      deliver(record, finished);
      continue;
    }
    ++failed;
    throttled += take_failed_record(std::move(record), records[i], call.started_us, now_us);
  }
  pacer_.end_answer(call.started_us, now_us, random_);
  if (records.size() == 1 && records[0].delivered)
    receipt_ = {std::string(records[0].shard_id), std::string(records[0].sequence_number)};
  throttles_.count(records.size(), call.bytes, failed, throttled, now_us);
  if (aimed_wrong > 0 || throttled > 0) watch_.refresh_soon(now_us);
  if (throttled > 0) {
    slowed_ = true;
  } else if (slowed_ && now_us - throttles_.last_us() > kThrottlingOverUs) {
    slowed_ = false;
    send_queue_.expedite(now_us, destinations::kExpediteUs, random_);
  }
  if (throttled > 0 && throttles_.share() > kReportThrottledShare) {
    ThrottleFacts facts{throttles_.records_per_s(), throttles_.bytes_per_s(), open_shards(),
                        watch_.summary() && watch_.summary()->on_demand, send_queue_.size()};
    problems_.set(destinations::Trouble::throttling, problem_of_throttling(throttle_code_, facts, facts_),
                  clock_.wall_ms());
  }
}

bool KinesisSink::landed_where_aimed(std::uint32_t shard, std::string_view shard_id) const {
  return shard < watch_.map().size() && watch_.map()[shard].id == shard_id;
}

void KinesisSink::deliver(const destinations::HeldRecord& record, std::vector<exporting::FinishedEvent>& finished) {
  judge_.forget(record.ticket());
  if (!too_large_alone_.empty() && too_large_alone_.erase(record.ticket()) > 0 && too_large_alone_.empty())
    problems_.clear(destinations::Trouble::held_events);
  call_stats_.delivered(counted_bytes(record.bytes));
  delivered_ += record.events.size();
  finish(record, true, finished);
}

// True when it was throttled.
bool KinesisSink::take_failed_record(destinations::HeldRecord record, const RecordAnswer& answer,
                                     std::int64_t started_us, std::int64_t now_us) {
  const std::string_view code = answer.error_code.empty() ? "no_sequence_number" : answer.error_code;
  const destinations::ErrorClass why = classify(http_client::TransportFault::none, 200, code, answer.error_message);
  call_stats_.again(code, 1);
  if (why == destinations::ErrorClass::poison) {
    std::vector<destinations::HeldRecord> refused;
    refused.push_back(std::move(record));
    destinations::CallError error{{}, 200, std::string(code), std::string(answer.error_message), {}};
    bisections_.emplace_back(std::move(refused), std::move(error), started_us);
    return false;
  }
  if (trying_since_us_ != 0) record_code_ = code;
  std::uint32_t shard = record.lane;
  if (why == destinations::ErrorClass::throttle) {
    if (shard == kNoShard) shard = watch_.map().index_of(shard_named_in(answer.error_message));
    pacer_.count_answer(shard, counted_bytes(record.bytes), false);
    throttle_code_ = code;
  }
  record.lane = kNoShard;
  ++record.failures;
  const std::int64_t cap_us =
      destinations::record_retry_cap_us(throttles_.accepted_share(), pacer_.refused_by_chance(shard));
  const std::int64_t not_before_us = now_us + destinations::retry_delay_us(record.failures, cap_us, random_);
  send_queue_.retry(std::move(record), not_before_us);
  return why == destinations::ErrorClass::throttle;
}

void KinesisSink::take_call_error(Call call, const destinations::CallAnswer& answer, std::int64_t now_us) {
  destinations::CallError error = call_error(answer.response);
  const destinations::ErrorClass why = classify(error.fault, error.status, error.code, error.message);
  const std::string code = error.code;
  if (why == destinations::ErrorClass::poison) {
    take_refusal(std::move(call), std::move(error), now_us);
    return;
  }
  if (why == destinations::ErrorClass::credentials) {
    if (aws::is_clock_skew_error(error.code, error.message) && caller_.learn_clock(answer.response)) {
      // Signed again with AWS's time, at once.
      problems_.note(destinations::note_of_clock(caller_.clock_offset_ms()), clock_.wall_ms(), kClockNoteMs);
      put_back(std::move(call), code);
      return;
    }
    credentials_.refuse(call.credentials);
  }
  if (why == destinations::ErrorClass::throttle) {
    for (const destinations::HeldRecord& record : call.records)
      pacer_.count_answer(record.lane, counted_bytes(record.bytes), false);
    pacer_.end_answer(call.started_us, now_us, random_);
  }
  if (error.fault == http_client::TransportFault::timeout) call_size_.timed_out(call.bytes);
  open_breaker(error, why, call, now_us);
  if (error.code.starts_with("ResourceNotFound") || error.code.starts_with("ResourceInUse"))
    watch_.refresh_soon(now_us);
  put_back(std::move(call), code);
}

void KinesisSink::take_watch_answer(const destinations::CallAnswer& answer, std::int64_t now_us) {
  const std::uint64_t version = watch_.map_version();
  watch_.take(answer.response, now_us, random_);
  if (watch_.map_version() != version) {
    pacer_.set_map(watch_.map(), now_us);
    log_info("kinesis.shards", {{"destination", name_}, {"open", watch_.map().size()}});
  }
  const std::int64_t now_ms = clock_.wall_ms();
  if (watch_.denied()) {
    problems_.note(note_of_describing(*watch_.denied(), facts_), now_ms);
  } else {
    problems_.clear_note("describe_denied");
  }
  if (const auto& summary = watch_.summary()) {
    if (facts_.account.empty() && settings_.stream_arn.empty() && !summary->arn.empty())
      facts_.stream_arn = summary->arn;
    facts_.key_id = summary->key_id;
    if (summary->status == "CREATING" || summary->status == "DELETING") {
      if (!breaker_.closed())
        problems_.set(destinations::Trouble::calls, problem_of_stream_status(summary->status, facts_), now_ms,
                      now_ms + (breaker_.next_try_us() - now_us) / 1000);
    }
  }
}

void KinesisSink::open_breaker(const destinations::CallError& error, destinations::ErrorClass why, const Call& call,
                               std::int64_t now_us) {
  const bool was_open = breaker_.closed();
  breaker_.failed(why, call.started_us, now_us, random_);
  const std::int64_t now_ms = clock_.wall_ms();
  if (was_open || breaker_.failures() == 2)
    log_warn("kinesis.call_failed", {{"destination", name_},
                                     {"class", destinations::error_class_name(why)},
                                     {"code", error.code},
                                     {"reason", error.message},
                                     {"request_id", error.request_id}});
  // A single failure that the next call recovers from is not reported; neither are credentials that a refresh renews,
  // nor one refusal among failures.
  const bool needs_person = why == destinations::ErrorClass::setup || why == destinations::ErrorClass::credentials;
  if (needs_person ? !breaker_.refused_again() : breaker_.failures() < 2) return;
  problems_.set(destinations::Trouble::calls, problem_of_failed_calls(error), now_ms,
                now_ms + (breaker_.next_try_us() - now_us) / 1000);
}

// What AWS said, or what is known to be behind it.
exporting::Problem KinesisSink::problem_of_failed_calls(const destinations::CallError& error) const {
  const auto& summary = watch_.summary();
  const bool stream_missing = error.code.starts_with("ResourceNotFound") || error.code.starts_with("ResourceInUse");
  if (stream_missing && summary && (summary->status == "CREATING" || summary->status == "DELETING"))
    return problem_of_stream_status(summary->status, facts_);
  if (breaker_.why() == destinations::ErrorClass::credentials) {
    if (const auto refresh = credentials_.error())
      return destinations::problem_of_credentials(*refresh, caller_of(facts_));
  }
  return problem_of_call(error, breaker_.why(), facts_);
}

void KinesisSink::close_breaker(std::int64_t now_us) {
  if (!breaker_.succeeded()) return;
  call_size_.forget_pause();
  credentials_.accepted();
  problems_.clear(destinations::Trouble::calls);
  send_queue_.expedite(now_us, destinations::kExpediteUs, random_);
  log_info("kinesis.call_succeeded_again", {{"destination", name_}, {"waiting", grouped(events_inside_)}});
}

void KinesisSink::put_back(Call call, std::string_view code) {
  call_stats_.again(code, call.records.size());
  if (call.bisecting) {
    bisections_.front().unknown(std::move(call.records));
    return;
  }
  put_back(std::move(call.records));
}

void KinesisSink::put_back(std::vector<destinations::HeldRecord> records) {
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    record->lane = kNoShard;
    send_queue_.put_back(std::move(*record));
  }
}

}  // namespace sluice::kinesis
