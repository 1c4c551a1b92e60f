// KinesisSink: when calls begin, and with what.

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "kinesis/kinesis_sink.h"

namespace sluice::kinesis {
namespace {

// When shards have no room, calls are formed this often at most: each then holds a good number of records.
constexpr std::int64_t kLimitedPauseUs = 25'000;
constexpr std::int64_t kThrottledLatelyUs = 10'000'000;
constexpr std::int64_t kLookAtCredentialsUs = 10'000'000;

}  // namespace

// Whether there is something to sign with. Credentials that AWS refused are tried again when the breaker lets a probe
// through, fresh ones at once, but only once in a row.
bool KinesisSink::take_credentials(std::int64_t now_us) {
  usable_ = credentials_->current();
  if (usable_) {
    no_credentials_since_us_ = 0;
  } else if (no_credentials_since_us_ == 0) {
    no_credentials_since_us_ = now_us;
  }
  const bool good = usable_ && usable_ != refused_;
  const bool unreported = !good && (!problems_.has(Trouble::credentials) || passing_reported_);
  if (now_us - credentials_seen_us_ >= kLookAtCredentialsUs || unreported) {
    credentials_seen_us_ = now_us;
    check_credentials(now_us);
  }
  if (!usable_) return false;
  if (usable_ != noted_) note_credentials();
  if (good) problems_.clear(Trouble::credentials);
  if (refused_ && usable_ != refused_ && !refreshed_ && !breaker_.closed()) {
    refreshed_ = true;
    breaker_.probe_now(now_us);
  }
  return true;
}

// Credentials that cannot be renewed are reported before they expire, and at once when AWS already refuses them.
void KinesisSink::check_credentials(std::int64_t now_us) {
  const auto error = credentials_->error();
  passing_reported_ = error && error->passing;
  if (!error) {
    problems_.clear_note("credentials_not_renewed");
    if (!usable_ && now_us - no_credentials_since_us_ >= kNoAnswerUs)
      problems_.set(Trouble::credentials,
                    problem_of_credentials(
                        {aws::CredentialsError::Kind::unreachable, "credentials_slow",
                         "AWS credentials have not arrived for " + human_duration_ms(kNoAnswerUs / 1000) +
                             ": neither an answer nor an error came from AWS STS or from the source of Sluice's "
                             "own credentials.",
                         ""},
                        facts_),
                    clock_.wall_ms());
    return;
  }
  if (error->passing && usable_ && usable_ != refused_) return;
  exporting::Problem problem = problem_of_credentials(*error, facts_);
  if (!usable_ || usable_ == refused_) {
    problems_.set(Trouble::credentials, std::move(problem), clock_.wall_ms());
    return;
  }
  problem.weight = exporting::Problem::Weight::note;
  problem.message = "Delivery works, but the AWS credentials in use could not be renewed. " + problem.message;
  problem.code = "credentials_not_renewed";
  problems_.note(std::move(problem), clock_.wall_ms());
}

// What is worth knowing of those in use.
void KinesisSink::note_credentials() {
  if (noted_)
    for (const aws::CredentialsNote& note : noted_->notes) problems_.clear_note(note.code);
  for (const aws::CredentialsNote& note : usable_->notes) problems_.note(note_of_credentials(note), clock_.wall_ms());
  noted_ = usable_;
}

std::size_t KinesisSink::calls_at_most() const {
  return breaker_.closed() && !call_size_.in_doubt() ? settings_.max_calls_in_flight : 1;
}

void KinesisSink::watch_stream(std::int64_t now_us) {
  if (watch_call_ != 0 || now_us < watch_.due_us()) return;
  auto question = watch_.next_request();
  watch_call_ = caller_.send(question.operation, std::move(question.body), *usable_);
}

bool KinesisSink::batch_is_due(std::int64_t now_us) const {
  if (send_queue_.ready() == 0 || now_us < limited_until_us_) return false;
  if (!breaker_.closed()) return true;
  return send_queue_.ready() >= settings_.max_records_per_call ||
         send_queue_.ready_bytes() >= call_size_.limit_bytes() ||
         now_us >= send_queue_.ready_since_us() + settings_.linger_ms * 1000;
}

void KinesisSink::begin_calls(std::int64_t now_us) {
  while (!in_doubt() && calls_.size() < calls_at_most() && breaker_.may_begin(now_us, calls_.size()) &&
         batch_is_due(now_us)) {
    // A probe with an event that was refused before would show nothing new, and two of them could take turns for ever.
    if (!breaker_.closed() && send_queue_.next().failures > 0) send_queue_.put_fresh_first();
    std::uint64_t bytes = 0;
    std::vector<HeldEvent> events = form_batch(now_us, bytes);
    send_queue_.advance(now_us);
    if (events.empty()) return;
    begin_call(std::move(events), bytes, false, now_us);
  }
}

// A record that may be over the stream's limit goes alone, so that its refusal concerns no other.
std::vector<HeldEvent> KinesisSink::form_batch(std::int64_t now_us, std::uint64_t& bytes) {
  const bool probing =
      !breaker_.closed() && breaker_.why() != ErrorClass::transient && breaker_.why() != ErrorClass::throttle;
  const std::size_t most = probing ? 1 : settings_.max_records_per_call;
  const auto& summary = watch_.summary();
  const std::uint64_t known_limit = summary ? summary->max_record_bytes : 0;
  std::vector<HeldEvent> events;
  events.reserve(std::min(most, send_queue_.ready()));
  while (events.size() < most && send_queue_.ready() > 0) {
    HeldEvent& next = send_queue_.next();
    const std::uint64_t counted = counted_bytes(next.bytes);
    if (counted > (known_limit > 0 ? known_limit : kMaxApiRecordBytes)) {
      HeldEvent too_large = send_queue_.take();  // `next` is gone with this
      std::string reason =
          reason_too_large(too_large.bytes, known_limit > 0 ? known_limit : kMaxApiRecordBytes, facts_);
      reject(std::move(too_large), "record_too_large", std::move(reason));
      continue;
    }
    const bool alone = known_limit == 0 && counted > kDefaultMaxRecordBytes;
    if (!events.empty() && (alone || bytes + counted > call_size_.limit_bytes())) break;
    if (!limiter_.admit(counted, now_us, next.shard)) {
      limited_until_us_ = std::max(limiter_.retry_at_us(), now_us + kLimitedPauseUs);
      break;
    }
    bytes += counted;
    events.push_back(send_queue_.take());
    if (alone) break;
  }
  return events;
}

void KinesisSink::begin_call(std::vector<HeldEvent> events, std::uint64_t bytes, bool bisecting, std::int64_t now_us) {
  std::string buffer;
  if (!buffers_.empty()) {
    buffer = std::move(buffers_.back());
    buffers_.pop_back();
  }
  body_.begin(std::move(buffer));
  for (const HeldEvent& event : events) {
    std::optional<HashKey> key;
    if (event.shard != kNoShard) key = limiter_.key_in(event.shard, random_);
    body_.add(event.event, random_, key);
  }
  call_stats_.sent(events.size());
  if (trying_since_us_ == 0) trying_since_us_ = now_us;
  Call call;
  call.events = std::move(events);
  call.started_us = now_us;
  call.bytes = bytes;
  call.credentials = usable_;
  call.bisecting = bisecting;
  const std::uint64_t number = caller_.send("PutRecords", body_.finish(), *usable_);
  calls_.emplace(number, std::move(call));
}

void KinesisSink::check_throttling(std::int64_t now_us) {
  if (!problems_.has(Trouble::throttling)) return;
  if (now_us - throttles_.last_us() > kThrottledLatelyUs) problems_.clear(Trouble::throttling);
}

// A destination that hangs says so, before a call has failed: a call takes half a minute to time out.
void KinesisSink::check_progress(std::int64_t now_us) {
  if (events_inside_ == 0) trying_since_us_ = 0;
  if (trying_since_us_ == 0) {
    problems_.clear(Trouble::progress);
    return;
  }
  const std::int64_t for_us = now_us - trying_since_us_;
  if (for_us < kNoAnswerUs || problems_.has(Trouble::progress)) return;
  problems_.set(Trouble::progress, problem_of_no_answer(record_code_, for_us / 1000, facts_),
                clock_.wall_ms() - for_us / 1000);
}

}  // namespace sluice::kinesis
