#include "kinesis/kinesis_sink.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "kinesis/destination_facts.h"

namespace sluice::kinesis {
namespace {

// Dead letters that could not be kept are tried again this often.
constexpr std::int64_t kBuryAgainUs = 5'000'000;
// Who waits for credentials looks again this often even when nobody rings.
constexpr std::int64_t kCredentialsPollUs = 1'000'000;
constexpr std::int64_t kDeadLetterNoteMs = 3'600'000;

}  // namespace

KinesisSink::KinesisSink(KinesisSettings settings, std::string destination_name, aws::HttpTransport& transport,
                         std::shared_ptr<CredentialsView> credentials, const Clock& clock, Waker& waker,
                         DeadLetterStore& dead_letters, KinesisSinkOptions options)
    : settings_(std::move(settings)),
      name_(std::move(destination_name)),
      credentials_(std::move(credentials)),
      clock_(clock),
      dead_letters_(dead_letters),
      random_(options.seed),
      caller_(transport, clock, waker, options.endpoint, region_of(settings_)),
      body_(settings_.stream_arn, settings_.stream_name),
      facts_(facts_of(settings_, options.endpoint)),
      identity_(std::move(options.identity)),
      max_events_inside_(std::size_t{2} * settings_.max_calls_in_flight * settings_.max_records_per_call),
      gate_(options.gate),
      watch_(settings_.stream_arn, settings_.stream_name, options.watch),
      call_bytes_limit_(settings_.max_bytes_per_call) {}

KinesisSink::~KinesisSink() = default;

bool KinesisSink::has_room() const { return events_inside_ < max_events_inside_ && bytes_inside_ < kMaxBytesInside; }

void KinesisSink::put(OutboundEvent event) {
  ++events_inside_;
  bytes_inside_ += event.record_size();
  outbox_.put(std::move(event));
}

std::int64_t KinesisSink::step(std::int64_t now_us, std::vector<FinishedEvent>& finished) {
  take_answers(now_us, finished);
  bury(now_us, finished);
  if (stopped_) return INT64_MAX;
  if (facts_.identity.empty() && identity_) facts_.identity = identity_();
  look_at_throttling(now_us);
  outbox_.advance(now_us);
  if (take_credentials(now_us)) {
    watch_stream(now_us);
    follow_hunt(now_us);
    begin_calls(now_us);
  }
  bury(now_us, finished);
  return next_step_us(now_us);
}

std::int64_t KinesisSink::next_step_us(std::int64_t now_us) const {
  std::int64_t next = outbox_.next_due_us();
  if (!doomed_.empty()) next = std::min(next, bury_not_before_us_);
  if (problems_.has(Trouble::throttling)) next = std::min(next, now_us + kCredentialsPollUs);
  if (!usable_) return std::min(next, now_us + kCredentialsPollUs);
  if (watch_call_ == 0) next = std::min(next, watch_.due_us());
  if (outbox_.ready() > 0 && calls_.size() < calls_at_most()) {
    const std::int64_t lingered = outbox_.ready_since_us() + settings_.linger_ms * 1000;
    next = std::min(next, std::max({lingered, limited_until_us_, gate_.open() ? 0 : gate_.next_try_us()}));
  }
  if (!hunts_.empty() && !hunt_in_flight_ && !gate_.open() && calls_.empty())
    next = std::min(next, gate_.next_try_us());
  return std::max(next, now_us);
}

void KinesisSink::doom(HeldEvent event, std::string code, std::string reason) {
  doomed_.push_back({std::move(event), std::move(code), std::move(reason)});
}

void KinesisSink::bury(std::int64_t now_us, std::vector<FinishedEvent>& finished) {
  if (now_us < bury_not_before_us_) return;
  while (!doomed_.empty()) {
    const Doomed& doomed = doomed_.front();
    const OutboundEvent& event = doomed.event.event;
    DeadLetter letter{doomed.code, doomed.reason, {}};
    event.entry->envelope.append(letter.record, event.slot);
    if (const auto kept = dead_letters_.keep(event, letter); !kept) {
      if (!problems_.has(Trouble::dead_letters))
        log_error("kinesis.dead_letter_not_kept", {{"destination", name_}, {"reason", kept.error().message}});
      bury_not_before_us_ = now_us + kBuryAgainUs;
      const std::int64_t now_ms = clock_.wall_ms();
      problems_.set(Trouble::dead_letters, problem_of_dead_letter_store(kept.error().message), now_ms,
                    now_ms + kBuryAgainUs / 1000);
      return;
    }
    log_warn("kinesis.dead_letter", {{"destination", name_}, {"code", doomed.code}, {"reason", doomed.reason}});
    problems_.clear(Trouble::dead_letters);
    problems_.note(note_of_dead_letter(doomed.code, doomed.reason), clock_.wall_ms(), kDeadLetterNoteMs);
    finished.push_back({event.ticket, false, doomed.event.bytes});
    --events_inside_;
    bytes_inside_ -= doomed.event.bytes;
    doomed_.pop_front();
  }
}

std::optional<Problem> KinesisSink::problem() const { return problems_.worst(); }
std::vector<Problem> KinesisSink::notes() const { return problems_.notes(clock_.wall_ms()); }

SinkStats KinesisSink::stats() const {
  SinkStats stats;
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
