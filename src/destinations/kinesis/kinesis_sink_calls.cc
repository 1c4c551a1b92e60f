// KinesisSink: when calls begin, and with what.

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "destinations/kinesis/kinesis_sink.h"
#include "destinations/retry_policy.h"

namespace sluice::kinesis {
namespace {

// When shards have no room, calls are formed about this often at most: each then holds a good number of records. Of
// senders whose calls came at fixed distances from each other, the same one would find room every time.
constexpr std::int64_t kPacedPauseUs = 25'000;
// Calls that are not full, at once: enough for all records that come while they are on their way, since the next is
// larger the longer it waits; not one for every few records that come.
constexpr std::size_t kMostSmallCalls = 4;
constexpr std::int64_t kThrottledLatelyUs = 10'000'000;

}  // namespace

std::size_t KinesisSink::calls_at_most() const {
  return breaker_.closed() && !call_size_.in_doubt() ? settings_.max_calls_in_flight : 1;
}

void KinesisSink::watch_stream(std::int64_t now_us) {
  if (watch_call_ != 0 || now_us < watch_.due_us()) return;
  auto question = watch_.next_request();
  watch_call_ = caller_.send(question.operation, std::move(question.body), *credentials_.usable());
}

void KinesisSink::pack(std::int64_t now_us) {
  if (!packer_) return;
  while (auto record = packer_->take(now_us, false)) send_queue_.put(destinations::HeldRecord(std::move(*record)));
}

std::vector<destinations::HeldRecord> KinesisSink::split(destinations::HeldRecord record) {
  auto halves = packer_->split(std::move(record));
  std::vector<destinations::HeldRecord> records;
  records.emplace_back(std::move(halves.first));
  records.emplace_back(std::move(halves.second));
  return records;
}

// When what is ready makes a call: full ones at once, others when they lingered and few such are on their way. An
// answer may bring it forward.
std::int64_t KinesisSink::batch_due_us() const {
  if (send_queue_.ready() == 0) return INT64_MAX;
  const bool full =
      send_queue_.ready() >= settings_.max_records_per_call || send_queue_.ready_bytes() >= call_size_.limit_bytes();
  if (full || !breaker_.closed()) return 0;
  return small_calls_ < kMostSmallCalls ? send_queue_.ready_since_us() + linger_us_ : INT64_MAX;
}

bool KinesisSink::batch_is_due(std::int64_t now_us) const {
  return now_us >= paced_until_us_ && now_us >= batch_due_us();
}

void KinesisSink::begin_calls(std::int64_t now_us) {
  while (!in_doubt() && calls_.size() < calls_at_most() && breaker_.may_begin(now_us, calls_.size()) &&
         batch_is_due(now_us)) {
    // A probe with a record that was refused before would show nothing new, and two of them could take turns for ever.
    if (!breaker_.closed() && send_queue_.next().failures > 0) send_queue_.put_fresh_first();
    Call call = form_call(now_us);
    send_queue_.advance(now_us);
    if (call.records.empty()) return;
    begin_call(std::move(call), now_us);
  }
}

// A record that may be over the stream's limit goes alone, so that its refusal concerns no other.
KinesisSink::Call KinesisSink::form_call(std::int64_t now_us) {
  const bool probing = !breaker_.closed() && breaker_.why() != destinations::ErrorClass::transient &&
                       breaker_.why() != destinations::ErrorClass::throttle;
  const std::size_t most = probing ? 1 : settings_.max_records_per_call;
  const auto& summary = watch_.summary();
  const std::uint64_t known_limit = summary ? summary->max_record_bytes : 0;
  const std::uint64_t record_limit = known_limit > 0 ? known_limit : kMaxApiRecordBytes;
  Call call;
  call.records.reserve(std::min(most, send_queue_.ready()));
  while (call.records.size() < most && send_queue_.ready() > 0) {
    destinations::HeldRecord& next = send_queue_.next();
    const std::uint64_t counted = counted_bytes(next.bytes);
    if (counted > record_limit) {
      destinations::HeldRecord too_large = send_queue_.take();  // `next` is gone with this
      if (too_large.events.size() > 1) {
        put_back(split(std::move(too_large)));
        continue;
      }
      std::string reason = reason_too_large(too_large.bytes, record_limit, facts_);
      reject(std::move(too_large), "record_too_large", std::move(reason));
      continue;
    }
    const bool alone = known_limit == 0 && counted > kDefaultMaxRecordBytes;
    if (!call.records.empty() && (alone || call.bytes + counted > call_size_.limit_bytes())) {
      call.full = true;
      break;
    }
    if (!pacer_.admit(counted, now_us, next.lane)) {
      paced_until_us_ = std::max(pacer_.retry_at_us(),
                                 now_us + destinations::jittered_us(kPacedPauseUs / 2, kPacedPauseUs * 3 / 2, random_));
      break;
    }
    call.bytes += counted;
    call.records.push_back(send_queue_.take());
    if (alone) break;
  }
  call.full = call.full || call.records.size() == most;
  return call;
}

std::string KinesisSink::body_of(const Call& call) {
  const bool cbor = call.format == WireFormat::cbor;
  if (cbor) {
    cbor_.begin(buffers_.take(), call.records.size(), call.bytes);
  } else {
    json_.begin(buffers_.take(), call.records.size(), call.bytes);
  }
  for (const destinations::HeldRecord& record : call.records) {
    const std::array<char, kPartitionKeyBytes> drawn = random_partition_key(random_);
    const std::string_view key(drawn.data(), drawn.size());
    std::optional<HashKey> hash_key;
    if (record.lane != kNoShard) {
      hash_key = pacer_.key_in(record.lane, random_);
    } else if (data_.needs_hash_key()) {
      hash_key = (static_cast<HashKey>(random_.next()) << 64) | random_.next();
    }
    const HashKey in_data = hash_key.value_or(0);
    const std::size_t bytes = data_.size(record, key, in_data);
    const auto write = [&](char* out) { return data_.write(record, key, in_data, out); };
    if (cbor) {
      cbor_.add(bytes, write, key, hash_key);
    } else {
      json_.add(bytes, write, key, hash_key);
    }
  }
  return cbor ? cbor_.finish() : json_.finish();
}

void KinesisSink::begin_call(Call call, std::int64_t now_us) {
  call.format = wire_format_.next(now_us);
  call.started_us = now_us;
  call.credentials = credentials_.usable();
  call_stats_.sent(call.records.size());
  if (trying_since_us_ == 0) trying_since_us_ = now_us;
  if (!call.full) ++small_calls_;
  const std::uint64_t number = caller_.send("PutRecords", body_of(call), *credentials_.usable(), call.format);
  calls_.emplace(number, std::move(call));
}

void KinesisSink::check_throttling(std::int64_t now_us) {
  if (!problems_.has(destinations::Trouble::throttling)) return;
  if (now_us - throttles_.last_us() > kThrottledLatelyUs) problems_.clear(destinations::Trouble::throttling);
}

// A destination that hangs says so, before a call has failed: a call takes half a minute to time out.
void KinesisSink::check_progress(std::int64_t now_us) {
  if (events_inside_ == 0) trying_since_us_ = 0;
  if (trying_since_us_ == 0) {
    problems_.clear(destinations::Trouble::progress);
    return;
  }
  const std::int64_t for_us = now_us - trying_since_us_;
  if (for_us < destinations::kNoAnswerUs || problems_.has(destinations::Trouble::progress)) return;
  problems_.set(destinations::Trouble::progress, problem_of_no_answer(record_code_, for_us / 1000, facts_),
                clock_.wall_ms() - for_us / 1000);
}

}  // namespace sluice::kinesis
