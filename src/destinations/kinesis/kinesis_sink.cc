#include "destinations/kinesis/kinesis_sink.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "destinations/kinesis/destination_facts.h"
#include "destinations/kinesis/kpl_record.h"
#include "destinations/kinesis/stream_details.h"

namespace sluice::kinesis {
namespace {

// Records that lingered while they were packed do not linger again, but for those that are packed with them.
constexpr std::int64_t kPackedLingerUs = 10'000;

// Packed, their bytes alone bound them: many are in one record.
std::size_t most_events_inside(const KinesisSettings& settings) {
  if (framing::is_packed(settings.encoding)) return SIZE_MAX;
  return std::size_t{2} * settings.max_calls_in_flight * settings.max_records_per_call;
}

std::unique_ptr<framing::RecordPacker> packer_of(const KinesisSettings& settings) {
  if (!framing::is_packed(settings.encoding)) return nullptr;
  framing::PackLimits limits;
  limits.record_bytes =
      settings.record_bytes > 0 ? settings.record_bytes : framing::default_record_bytes(settings.encoding);
  limits.linger_us = settings.linger_ms * 1000;
  limits.key_bytes = kPartitionKeyBytes;
  const bool compressed =
      settings.encoding == framing::Encoding::ndjson_gzip || settings.encoding == framing::Encoding::ndjson_zstd;
  limits.max_events = compressed ? framing::kMaxCompressedEvents : framing::kMaxEvents;
  if (settings.encoding == framing::Encoding::kpl) {
    limits.fixed_bytes = kpl_fixed_bytes(kPartitionKeyBytes);
    limits.event_bytes = kpl_event_bytes;
  }
  return std::make_unique<framing::RecordPacker>(settings.encoding, limits);
}

}  // namespace

KinesisSink::KinesisSink(KinesisSettings settings, std::string destination_name, http_client::HttpTransport& transport,
                         std::shared_ptr<destinations::CredentialsView> credentials, const Clock& clock,
                         Notifier& notifier, exporting::DeadLetterStore& dead_letters, KinesisSinkOptions options)
    : settings_(std::move(settings)),
      name_(std::move(destination_name)),
      clock_(clock),
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
      rejected_(name_, dead_letters, clock_),
      breaker_(options.breaker),
      watch_(settings_.stream_arn, settings_.stream_name, options.watch),
      call_size_(settings_.max_bytes_per_call),
      credentials_(std::move(credentials), clock_) {}

KinesisSink::~KinesisSink() = default;

bool KinesisSink::has_room() const { return events_inside_ < max_events_inside_ && bytes_inside_ < kMaxBytesInside; }

void KinesisSink::put(exporting::OutboundEvent event) {
  ++events_inside_;
  bytes_inside_ += event.record_size();
  if (packer_) {
    packer_->put(std::move(event));
  } else {
    send_queue_.put(destinations::HeldRecord(std::move(event)));
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
  if (credentials_.take(now_us, caller_of(facts_), problems_, breaker_)) {
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
  next = std::min(next, rejected_.due_us());
  if (problems_.has(destinations::Trouble::throttling))
    next = std::min(next, now_us + destinations::kCredentialsPollUs);
  if (!credentials_.usable()) return std::min(next, now_us + destinations::kCredentialsPollUs);
  if (trying_since_us_ != 0 && !problems_.has(destinations::Trouble::progress))
    next = std::min(next, trying_since_us_ + destinations::kNoAnswerUs);
  if (watch_call_ == 0) next = std::min(next, watch_.due_us());
  if (send_queue_.ready() > 0 && calls_.size() < calls_at_most() && !in_doubt()) {
    next = std::min(next, std::max({batch_due_us(), paced_until_us_, breaker_.closed() ? 0 : breaker_.next_try_us()}));
  }
  if (!bisections_.empty() && !bisection_in_flight_ && !breaker_.closed() && calls_.empty())
    next = std::min(next, breaker_.next_try_us());
  return std::max(next, now_us);
}

void KinesisSink::reject(destinations::HeldRecord record, std::string code, std::string reason) {
  judge_.forget(record.ticket());
  rejected_.add(std::move(record), std::move(code), std::move(reason));
}

void KinesisSink::flush_rejected(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) {
  stored_.clear();
  rejected_.flush(now_us, problems_, stored_);
  for (const destinations::HeldRecord& record : stored_) finish(record, false, finished);
}

void KinesisSink::finish(const destinations::HeldRecord& record, bool delivered,
                         std::vector<exporting::FinishedEvent>& finished) {
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
  auto details = std::make_shared<StreamDetails>();
  details->open_shards = open_shards();
  details->on_demand = watch_.summary() && watch_.summary()->on_demand;
  stats.details = std::move(details);
  return stats;
}

std::uint32_t KinesisSink::open_shards() const {
  if (watch_.map().size() > 0) return static_cast<std::uint32_t>(watch_.map().size());
  return watch_.summary() ? watch_.summary()->open_shards : 0;
}

std::optional<exporting::Receipt> KinesisSink::last_receipt() const {
  if (receipt_.sequence_number.empty()) return std::nullopt;
  return exporting::Receipt{{{"shardId", receipt_.shard_id}, {"sequenceNumber", receipt_.sequence_number}},
                            receipt_.shard_id + ", sequence number " + receipt_.sequence_number};
}

void KinesisSink::stop() { stopped_ = true; }

}  // namespace sluice::kinesis
