// KinesisSink: what is refused, for its content or its size, and whose fault that is.

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "destinations/kinesis/kinesis_sink.h"
#include "destinations/retry_policy.h"

namespace sluice::kinesis {
namespace {

constexpr std::int64_t kRefusedAgainUs = 200'000;
// An event that something on the way refuses for its size is tried again this often: someone must raise the limit.
constexpr std::int64_t kHeldLeastUs = 30'000'000;
constexpr std::int64_t kHeldMostUs = 60'000'000;
constexpr std::int64_t kHeldOnceUs = 2'000'000;  // the first time: that may have been a passing refusal
// Events that are too large for the way, one by one. With more than these it is not their size.
constexpr std::size_t kMostHeld = 4;

}  // namespace

void KinesisSink::take_refusal(Call call, destinations::CallError error, std::int64_t now_us) {
  // open_breaker() reports a refusal of everything; it is not reported here again.
  if (breaker_.closed())
    log_warn("kinesis.call_refused", {{"destination", name_},
                                      {"code", error.code},
                                      {"records", call.records.size()},
                                      {"bytes", call.bytes},
                                      {"reason", error.message},
                                      {"request_id", error.request_id}});
  call_stats_.again(error.code, call.records.size());
  if (error.status == 413) return take_too_large(std::move(call), error, now_us);
  if (!call.bisecting) {
    const auto named = record_named_in(error.message);
    bisections_.emplace_back(std::move(call.records), std::move(error), now_us, named);
    return;
  }
  std::vector<destinations::HeldRecord> released;
  const auto named = record_named_in(error.message);
  bisections_.front().refused(std::move(call.records), std::move(error), named, released);
  put_back(std::move(released));
}

// 413 is the word of something on the way, and about the call: no event is given up for it. Smaller calls may pass;
// where not even one event does, it is kept and the others are tried before it.
void KinesisSink::take_too_large(Call call, const destinations::CallError& error, std::int64_t now_us) {
  if (call.bisecting) {
    std::vector<destinations::HeldRecord> rest = bisections_.front().release();
    bisections_.pop_front();
    put_back(std::move(rest));
  }
  if (call.records.size() > 1) {
    call_size_.too_large(call.bytes, now_us);
    put_back(std::move(call.records));
    return;
  }
  if (call.records.front().events.size() > 1) {
    call_size_.too_large(call.bytes, now_us);
    put_back(split(std::move(call.records.front())));
    return;
  }
  destinations::HeldRecord record = std::move(call.records.front());
  const bool again = !too_large_alone_.insert(record.ticket()).second;
  const bool everything = call_size_.too_large_alone(call.bytes, now_us) || too_large_alone_.size() > kMostHeld;
  if (again)  // once may pass
    problems_.set(destinations::Trouble::held_events, problem_of_held_event(error, record.bytes, facts_),
                  clock_.wall_ms());
  if (everything) return refused_everything(std::move(record), error, now_us);
  ++record.failures;
  record.lane = kNoShard;
  const std::int64_t pause_us = again ? destinations::jittered_us(kHeldLeastUs, kHeldMostUs, random_)
                                      : destinations::jittered_us(kHeldOnceUs / 2, kHeldOnceUs, random_);
  send_queue_.retry(std::move(record), now_us + pause_us);
}

// Something was refused, and nothing accepted since: only the tests go out until it is known whose fault it is.
bool KinesisSink::in_doubt() const {
  return !bisections_.empty() && !judge_.accepted_since(bisections_.front().suspected_us());
}

void KinesisSink::advance_bisection(std::int64_t now_us) {
  while (!bisections_.empty() && !bisection_in_flight_) {
    destinations::PoisonBisector& bisector = bisections_.front();
    if (bisector.over()) {
      bisections_.pop_front();
      continue;
    }
    if (bisector.found()) {
      destinations::HeldRecord record = bisector.take_found();
      const destinations::CallError error = bisector.error();
      const std::int64_t suspected_us = bisector.suspected_us();
      bisections_.pop_front();
      take_poison(std::move(record), error, suspected_us, now_us);
      continue;
    }
    if (calls_.size() >= settings_.max_calls_in_flight || !breaker_.may_begin(now_us, calls_.size())) return;
    Call call;
    call.bisecting = true;
    call.records = bisector.next_test();
    for (destinations::HeldRecord& record : call.records) {
      call.bytes += counted_bytes(record.bytes);
      record.lane = kNoShard;
    }
    bisection_in_flight_ = true;
    begin_call(std::move(call), now_us);
  }
}

// One record that AWS refuses, alone. Of several events the one that is to blame is looked for; if their sum was too
// large none is, so no part is blamed before it was refused itself.
void KinesisSink::take_poison(destinations::HeldRecord record, const destinations::CallError& error,
                              std::int64_t suspected_us, std::int64_t now_us) {
  if (record.events.size() > 1) {
    bisections_.emplace_back(split(std::move(record)), error, suspected_us, std::nullopt, true);
    return;
  }
  const bool limit_known = watch_.summary() && watch_.summary()->max_record_bytes > 0;
  const bool too_large = !limit_known && counted_bytes(record.bytes) > kDefaultMaxRecordBytes &&
                         (error.code.starts_with("Validation") || error.code.starts_with("InvalidArgument"));
  const bool others = events_inside_ - rejected_.size() > judge_.suspects_with(record.ticket());
  const auto verdict = too_large || given_up_alone(record, error, others)
                           ? destinations::RefusalJudge::Verdict::reject
                           : judge_.refused_alone(record.ticket(), suspected_us, now_us, others);
  switch (verdict) {
    case destinations::RefusalJudge::Verdict::again: {
      std::vector<destinations::HeldRecord> one;
      one.push_back(std::move(record));
      bisections_.emplace_back(std::move(one), error, suspected_us, std::nullopt, true);
      return;
    }
    case destinations::RefusalJudge::Verdict::later: {
      const std::uint32_t waits = judge_.waits(record.ticket());
      ++record.failures;
      record.lane = kNoShard;
      send_queue_.retry(std::move(record), now_us + (kRefusedAgainUs << std::min(waits, 5U)));
      return;
    }
    case destinations::RefusalJudge::Verdict::everything:
      return refused_everything(std::move(record), error, now_us);
    case destinations::RefusalJudge::Verdict::reject:
      break;
  }
  const std::string reason = reason_refused(error, record.bytes, facts_);
  reject(std::move(record), error.code, reason);
}

// The stream must say that it is there, and that the value of a record is wrong.
bool KinesisSink::given_up_alone(const destinations::HeldRecord& record, const destinations::CallError& error,
                                 bool others) const {
  return error.code.starts_with("Validation") && watch_.map().size() > 0 &&
         judge_.alone_for_long(record.ticket(), record.failures, others);
}

// Nothing is given up; one event at a time is tried, another one each time.
void KinesisSink::refused_everything(destinations::HeldRecord record, const destinations::CallError& error,
                                     std::int64_t now_us) {
  for (destinations::PoisonBisector& bisector : bisections_) {
    std::vector<destinations::HeldRecord> suspects = bisector.release();
    put_back(std::move(suspects));
  }
  bisections_.clear();
  Call none;
  none.started_us = now_us;
  open_breaker(error, destinations::ErrorClass::setup, none, now_us);
  ++record.failures;
  record.lane = kNoShard;
  send_queue_.retry(std::move(record), breaker_.next_try_us() + destinations::kExpediteUs);
}

}  // namespace sluice::kinesis
