#include "kinesis/kinesis_sink.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "kinesis/destination_facts.h"
#include "kinesis/kpl_record.h"

namespace sluice::kinesis {
namespace {

// Dead letters that could not be kept are tried again this often.
constexpr std::int64_t kFlushRejectedAgainUs = 5'000'000;
// Who waits for credentials looks again this often even when nobody notifies.
constexpr std::int64_t kCredentialsPollUs = 1'000'000;
constexpr std::int64_t kDeadLetterNoteMs = 3'600'000;
// One log line about dead letters in so long a time, with how many there were since the last: whoever knows a public id
// can send as many as he likes.
constexpr std::int64_t kLogDeadLettersAgainUs = 10'000'000;

// Records that lingered while they were packed do not linger again, but for those that are packed with them.
constexpr std::int64_t kPackedLingerUs = 10'000;

// Packed, their bytes alone bound them: many are in one record.
std::size_t most_events_inside(const catalog::KinesisSettings& settings) {
  if (catalog::is_packed(settings.encoding)) return SIZE_MAX;
  return std::size_t{2} * settings.max_calls_in_flight * settings.max_records_per_call;
}

std::unique_ptr<framing::RecordPacker> packer_of(const catalog::KinesisSettings& settings) {
  if (!catalog::is_packed(settings.encoding)) return nullptr;
  framing::PackLimits limits;
  limits.record_bytes =
      settings.record_bytes > 0 ? settings.record_bytes : framing::default_record_bytes(settings.encoding);
  limits.linger_us = settings.linger_ms * 1000;
  limits.key_bytes = kPartitionKeyBytes;
  const bool compressed =
      settings.encoding == catalog::Encoding::ndjson_gzip || settings.encoding == catalog::Encoding::ndjson_zstd;
  limits.max_events = compressed ? framing::kMaxCompressedEvents : framing::kMaxEvents;
  if (settings.encoding == catalog::Encoding::kpl) {
    limits.fixed_bytes = kpl_fixed_bytes(kPartitionKeyBytes);
    limits.event_bytes = kpl_event_bytes;
  }
  return std::make_unique<framing::RecordPacker>(settings.encoding, limits);
}

}  // namespace

KinesisSink::KinesisSink(catalog::KinesisSettings settings, std::string destination_name,
                         http_client::HttpTransport& transport, std::shared_ptr<CredentialsView> credentials,
                         const Clock& clock, Notifier& notifier, exporting::DeadLetterStore& dead_letters,
                         KinesisSinkOptions options)
    : settings_(std::move(settings)),
      name_(std::move(destination_name)),
      credentials_(std::move(credentials)),
      clock_(clock),
      dead_letters_(dead_letters),
      random_(options.seed),
      caller_(transport, clock, notifier, options.endpoint, region_of(settings_)),
      json_(settings_.stream_arn, settings_.stream_name),
      cbor_(settings_.stream_arn, settings_.stream_name),
      wire_format_(options.wire_format),
      data_(settings_.encoding),
      facts_(facts_of(settings_, options.endpoint)),
      identity_(std::move(options.identity)),
      max_events_inside_(most_events_inside(settings_)),
      packer_(packer_of(settings_)),
      linger_us_(packer_ ? kPackedLingerUs : settings_.linger_ms * 1000),
      breaker_(options.breaker),
      watch_(settings_.stream_arn, settings_.stream_name, options.watch),
      call_size_(settings_.max_bytes_per_call) {}

KinesisSink::~KinesisSink() = default;

bool KinesisSink::has_room() const { return events_inside_ < max_events_inside_ && bytes_inside_ < kMaxBytesInside; }

void KinesisSink::put(exporting::OutboundEvent event) {
  ++events_inside_;
  bytes_inside_ += event.record_size();
  if (packer_) {
    packer_->put(std::move(event));
  } else {
    send_queue_.put(HeldRecord(std::move(event)));
  }
}

std::int64_t KinesisSink::step(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) {
  take_answers(now_us, finished);
  flush_rejected(now_us, finished);
  if (stopped_) return INT64_MAX;
  if (facts_.identity.empty() && identity_) facts_.identity = identity_();
  check_throttling(now_us);
  check_progress(now_us);
  pack(now_us);
  send_queue_.advance(now_us);
  if (take_credentials(now_us)) {
    watch_stream(now_us);
    advance_bisection(now_us);
    begin_calls(now_us);
  }
  flush_rejected(now_us, finished);
  return next_step_us(now_us);
}

std::int64_t KinesisSink::next_step_us(std::int64_t now_us) const {
  std::int64_t next = send_queue_.next_due_us();
  if (packer_) next = std::min(next, packer_->due_us());
  if (!rejected_.empty()) next = std::min(next, flush_rejected_not_before_us_);
  if (problems_.has(Trouble::throttling)) next = std::min(next, now_us + kCredentialsPollUs);
  if (!usable_) return std::min(next, now_us + kCredentialsPollUs);
  if (trying_since_us_ != 0 && !problems_.has(Trouble::progress)) next = std::min(next, trying_since_us_ + kNoAnswerUs);
  if (watch_call_ == 0) next = std::min(next, watch_.due_us());
  if (send_queue_.ready() > 0 && calls_.size() < calls_at_most() && !in_doubt()) {
    next = std::min(next, std::max({batch_due_us(), paced_until_us_, breaker_.closed() ? 0 : breaker_.next_try_us()}));
  }
  if (!bisections_.empty() && !bisection_in_flight_ && !breaker_.closed() && calls_.empty())
    next = std::min(next, breaker_.next_try_us());
  return std::max(next, now_us);
}

void KinesisSink::reject(HeldRecord record, std::string code, std::string reason) {
  judge_.forget(record.ticket());
  rejected_.push_back({std::move(record), std::move(code), std::move(reason)});
}

// So many at a time that a step stays short; next_step_us() asks for the next at once.
std::vector<exporting::RejectedEvent> KinesisSink::next_rejected() const {
  std::vector<exporting::RejectedEvent> next;
  std::uint64_t bytes = 0;
  for (const Rejected& rejected : rejected_) {
    bytes += rejected.record.bytes;
    if (!next.empty() && (next.size() == kMaxRejectedAtOnce || bytes > kMaxRejectedBytesAtOnce)) break;
    next.push_back({rejected.record.events.front(), {rejected.code, rejected.reason, {}}});
    next.back().event.entry->envelope.append(next.back().letter.record, next.back().event.slot);
  }
  return next;
}

void KinesisSink::flush_rejected(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) {
  if (rejected_.empty() || now_us < flush_rejected_not_before_us_) return;
  const std::vector<exporting::RejectedEvent> next = next_rejected();
  if (const auto kept = dead_letters_.keep(next); !kept) {
    if (!problems_.has(Trouble::dead_letters))
      log_error("kinesis.dead_letter_not_kept", {{"destination", name_}, {"reason", kept.error().message}});
    flush_rejected_not_before_us_ = now_us + kFlushRejectedAgainUs;
    const std::int64_t now_ms = clock_.wall_ms();
    problems_.set(Trouble::dead_letters, problem_of_dead_letter_store(kept.error().message), now_ms,
                  now_ms + kFlushRejectedAgainUs / 1000);
    return;
  }
  const exporting::DeadLetter& last = next.back().letter;
  dead_letters_unlogged_ += next.size();
  if (now_us >= log_dead_letters_not_before_us_) {
    log_warn(
        "kinesis.dead_letter",
        {{"destination", name_}, {"events", dead_letters_unlogged_}, {"code", last.code}, {"reason", last.reason}});
    dead_letters_unlogged_ = 0;
    log_dead_letters_not_before_us_ = now_us + kLogDeadLettersAgainUs;
  }
  problems_.clear(Trouble::dead_letters);
  problems_.note(note_of_dead_letter(last.code, last.reason), clock_.wall_ms(), kDeadLetterNoteMs);
  for (std::size_t i = 0; i < next.size(); ++i) {
    finish(rejected_.front().record, false, finished);
    rejected_.pop_front();
  }
}

void KinesisSink::finish(const HeldRecord& record, bool delivered, std::vector<exporting::FinishedEvent>& finished) {
  for (const exporting::OutboundEvent& event : record.events) {
    const auto bytes = static_cast<std::uint32_t>(event.record_size());
    finished.push_back({event.ticket, delivered, bytes});
    --events_inside_;
    bytes_inside_ -= bytes;
  }
}

std::optional<exporting::Problem> KinesisSink::problem() const { return problems_.worst(); }
std::vector<exporting::Problem> KinesisSink::notes() const { return problems_.notes(clock_.wall_ms()); }

exporting::SinkStats KinesisSink::stats() const {
  exporting::SinkStats stats;
  call_stats_.fill(stats);
  stats.calls_in_flight = calls_.size();
  stats.events_inside = events_inside_;
  stats.bytes_inside = bytes_inside_;
  const auto& summary = watch_.summary();
  stats.open_shards = watch_.map().size() > 0 ? static_cast<std::uint32_t>(watch_.map().size())
                      : summary               ? summary->open_shards
                                              : 0;
  stats.on_demand = summary && summary->on_demand;
  stats.max_record_bytes =
      summary && summary->max_record_bytes > 0 ? summary->max_record_bytes : kDefaultMaxRecordBytes;
  return stats;
}

void KinesisSink::stop() { stopped_ = true; }

}  // namespace sluice::kinesis
