// The sink that delivers events to one Kinesis data stream with PutRecords: batches, several calls at once, retries of
// failed records only, each under a new key, without limit. AWS's errors and their remedies:
// docs/states-and-remedies.md.
//
//   put() → RecordPacker → SendQueue → calls → answers → finished
//                             ↑  retries  ↓
//                             └───────────┘          CircuitBreaker: after a call failed as a whole, one probe at a
//                             time
//                                     PoisonBisector: a call refused for its content is halved down to the record
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/random.h"
#include "catalog/snapshot.h"
#include "destinations/call_stats.h"
#include "destinations/circuit_breaker.h"
#include "destinations/credentials_use.h"
#include "destinations/kinesis/call_size.h"
#include "destinations/kinesis/kinesis_caller.h"
#include "destinations/kinesis/pacer.h"
#include "destinations/kinesis/problems.h"
#include "destinations/kinesis/put_records_answer.h"
#include "destinations/kinesis/put_records_cbor.h"
#include "destinations/kinesis/put_records_request.h"
#include "destinations/kinesis/record_data.h"
#include "destinations/kinesis/settings.h"
#include "destinations/kinesis/stream_watch.h"
#include "destinations/kinesis/wire_format.h"
#include "destinations/poison_bisector.h"
#include "destinations/problem_book.h"
#include "destinations/refusal_judge.h"
#include "destinations/rejected_events.h"
#include "destinations/request_buffers.h"
#include "destinations/send_queue.h"
#include "destinations/throttle_meter.h"
#include "export/limits.h"
#include "export/sink.h"
#include "framing/record_packer.h"
#include "http_client/http_transport.h"

namespace sluice::kinesis {

struct KinesisSinkOptions {
  std::uint64_t seed = 0;  // of partition keys and jitter
  destinations::CircuitBreakerOptions breaker;
  StreamWatchOptions watch;
  WireFormatSetting wire_format = WireFormatSetting::automatic;
  std::string endpoint;  // as aws::service_endpoint() gives it
  // ARN that Sluice runs as, for remedies; empty: not known yet. Called on the pipeline's thread until it is.
  std::function<std::string()> identity;
};

// Record bytes inside at most, one record more at the worst: calls in flight hold theirs a second time as base64, so
// this bounds a destination's memory at about 80 MiB. Enough for 7 calls of 4.5 MiB.
inline constexpr std::uint64_t kMaxBytesInside = 32u << 20;

class KinesisSink final : public exporting::Sink {
 public:
  // Settings passed check_kinesis_settings(). Everything referred to outlives the sink.
  KinesisSink(KinesisSettings settings, std::string destination_name, http_client::HttpTransport& transport,
              std::shared_ptr<destinations::CredentialsView> credentials, const Clock& clock, Notifier& notifier,
              exporting::DeadLetterStore& dead_letters, KinesisSinkOptions options);
  ~KinesisSink() override;

  std::int64_t read_patience_us() const override { return exporting::read_patience_us(settings_.linger_ms); }
  bool has_room() const override;
  void put(exporting::OutboundEvent event) override;
  std::int64_t step(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) override;
  std::optional<exporting::Problem> problem() const override;
  std::vector<exporting::Problem> notes() const override;
  exporting::SinkStats stats() const override;
  std::optional<exporting::Receipt> last_receipt() const override;
  void stop() override;

 private:
  struct Call {
    std::vector<destinations::HeldRecord> records;
    WireFormat format = WireFormat::json;
    bool full = false;  // as large as a call may be
    std::int64_t started_us = 0;
    std::uint64_t bytes = 0;  // counted against the call's limit
    std::shared_ptr<const aws::Credentials> credentials;
    bool bisecting = false;  // a test of bisections_.front()
  };

  // Answers
  void take_answers(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished);
  void take_put_answer(Call call, destinations::CallAnswer& answer, std::int64_t now_us,
                       std::vector<exporting::FinishedEvent>& finished);
  void take_records(Call& call, std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished);
  bool take_failed_record(destinations::HeldRecord record, const RecordAnswer& answer, std::int64_t started_us,
                          std::int64_t now_us);
  void take_call_error(Call call, const destinations::CallAnswer& answer, std::int64_t now_us);
  void take_watch_answer(const destinations::CallAnswer& answer, std::int64_t now_us);
  void deliver(const destinations::HeldRecord& record, std::vector<exporting::FinishedEvent>& finished);
  void open_breaker(const destinations::CallError& error, destinations::ErrorClass why, const Call& call,
                    std::int64_t now_us);
  exporting::Problem problem_of_failed_calls(const destinations::CallError& error) const;
  void close_breaker(std::int64_t now_us);
  void put_back(Call call, std::string_view code);
  void put_back(std::vector<destinations::HeldRecord> records);
  bool landed_where_aimed(std::uint32_t shard, std::string_view shard_id) const;

  // Refusals
  void take_refusal(Call call, destinations::CallError error, std::int64_t now_us);
  void take_too_large(Call call, const destinations::CallError& error, std::int64_t now_us);
  void advance_bisection(std::int64_t now_us);
  void take_poison(destinations::HeldRecord record, const destinations::CallError& error, std::int64_t suspected_us,
                   std::int64_t now_us);
  bool given_up_alone(const destinations::HeldRecord& record, const destinations::CallError& error, bool others) const;
  void refused_everything(destinations::HeldRecord record, const destinations::CallError& error, std::int64_t now_us);
  bool in_doubt() const;
  void reject(destinations::HeldRecord record, std::string code, std::string reason);
  void finish(const destinations::HeldRecord& record, bool delivered, std::vector<exporting::FinishedEvent>& finished);
  void flush_rejected(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished);

  // Calls
  void pack(std::int64_t now_us);
  std::vector<destinations::HeldRecord> split(destinations::HeldRecord record);
  void begin_calls(std::int64_t now_us);
  std::int64_t batch_due_us() const;
  bool batch_is_due(std::int64_t now_us) const;
  Call form_call(std::int64_t now_us);
  void begin_call(Call call, std::int64_t now_us);
  std::string body_of(const Call& call);
  void watch_stream(std::int64_t now_us);
  std::size_t calls_at_most() const;
  std::int64_t next_step_us(std::int64_t now_us) const;
  std::uint32_t open_shards() const;  // 0: unknown
  void check_throttling(std::int64_t now_us);
  void check_progress(std::int64_t now_us);

  const KinesisSettings settings_;
  const std::string name_;
  const Clock& clock_;
  Random random_;
  KinesisCaller caller_;
  PutRecordsBody json_;
  PutRecordsCbor cbor_;
  WireFormatChooser wire_format_;
  RecordData data_;
  PutRecordsAnswerParser parser_;
  DestinationFacts facts_;
  std::function<std::string()> identity_;
  const std::size_t max_events_inside_;

  const std::unique_ptr<framing::RecordPacker> packer_;  // null: an event a record
  const std::int64_t linger_us_;                         // of a record, for a call that is not full
  destinations::SendQueue send_queue_{kPartitionKeyBytes};
  std::map<std::uint64_t, Call> calls_;                  // in flight, by the caller's number
  std::deque<destinations::PoisonBisector> bisections_;  // one at a time, the first
  bool bisection_in_flight_ = false;
  std::size_t small_calls_ = 0;  // of calls_, those that are not full
  destinations::RefusalJudge judge_;
  std::set<std::uint64_t> too_large_alone_;  // tickets of events that something on the way refuses for their size
  std::int64_t trying_since_us_ = 0;         // calls are sent and nothing was accepted since; 0: no call is due
  std::string record_code_;                  // of a record that failed, while nothing is accepted
  destinations::RejectedEvents rejected_;
  std::vector<destinations::HeldRecord> stored_;  // as dead letters, in this step
  destinations::RequestBuffers buffers_;

  destinations::CircuitBreaker breaker_;
  Pacer pacer_;
  std::int64_t paced_until_us_ = 0;
  StreamWatch watch_;
  std::uint64_t watch_call_ = 0;  // in flight; 0: none
  CallSize call_size_;

  destinations::CredentialsUse credentials_;

  destinations::ThrottleMeter throttles_;
  std::string throttle_code_;
  bool slowed_ = false;  // throttled records may wait longer than they need to
  destinations::ProblemBook problems_;
  destinations::CallStats call_stats_;
  std::size_t events_inside_ = 0;
  std::uint64_t bytes_inside_ = 0;  // of their lines
  std::uint64_t delivered_ = 0;
  struct Place {
    std::string shard_id, sequence_number;
  } receipt_;  // of the last record that was delivered in a call of its own
  bool stopped_ = false;
  std::vector<destinations::CallAnswer> answers_;
};

}  // namespace sluice::kinesis
