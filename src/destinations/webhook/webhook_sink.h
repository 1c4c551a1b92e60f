// The sink that delivers events to one webhook: batches, several requests at once, each retried without limit under the
// same webhook-id. What answers mean: destinations/webhook/answer.h and docs/states-and-remedies.md.
//
//   put() → BatchBuilder → calls → answers → finished
//                 ↑   waiting_   ↓        CircuitBreaker: after a call failed as a whole, one probe at a time
//                 └──────────────┘        RefusalJudge: one event that is refused as too large
//
// A batch that fails while others are accepted is held: it is tried again at growing distances and does not stop the
// others.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/random.h"
#include "destinations/call_mailbox.h"
#include "destinations/call_stats.h"
#include "destinations/circuit_breaker.h"
#include "destinations/problem_book.h"
#include "destinations/refusal_judge.h"
#include "destinations/rejected_events.h"
#include "destinations/unanswered.h"
#include "destinations/webhook/answer.h"
#include "destinations/webhook/batch.h"
#include "destinations/webhook/settings.h"
#include "destinations/webhook/signature.h"
#include "export/limits.h"
#include "export/sink.h"
#include "http_client/http_transport.h"

namespace sluice::webhook {

// Bytes of events inside at most, one event more at the worst; bodies in flight hold theirs a second time, so this
// bounds a destination's memory at about 64 MiB.
inline constexpr std::uint64_t kMaxBytesInside = 32u << 20;
// An answer above this is cut off. Its status still counts (answer.h).
inline constexpr std::size_t kMaxAnswerBytes = 64u << 10;

// So many events that were refused alone leave room for others, one of which may be accepted and show that they are to
// blame. With more of them nothing is put in: the receiver's limit is too small for what is sent, and a person raises
// it.
inline constexpr std::size_t kMostRefusedAlone = 1'000;

// While fewer batches are refused and none was accepted, the next one is tried soon: it tells whether the batch is
// refused or everything.
inline constexpr std::size_t kFailedOfAll = 3;

struct WebhookSinkOptions {
  std::uint64_t seed = 0;  // of jitter
  destinations::CircuitBreakerOptions breaker;
  // What the destination may connect to; null: anything but link-local addresses. Outlives the sink.
  const http_client::OutboundPolicy* policy = nullptr;
  std::string recipient;  // BatchOptions::recipient
};

class WebhookSink final : public exporting::Sink {
 public:
  // Settings as read_webhook_settings() gives them without a fault. Everything referred to outlives the sink.
  WebhookSink(const WebhookSettings& settings, std::string destination_name, http_client::HttpTransport& transport,
              const Clock& clock, Notifier& notifier, exporting::DeadLetterStore& dead_letters,
              WebhookSinkOptions options);

  std::int64_t read_patience_us() const override { return exporting::read_patience_us(settings_.linger_ms); }
  bool has_room() const override;
  void put(exporting::OutboundEvent event) override;
  std::int64_t step(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) override;
  std::optional<exporting::Problem> problem() const override { return problems_.worst(); }
  std::vector<exporting::Problem> notes() const override { return problems_.notes(clock_.wall_ms()); }
  exporting::SinkStats stats() const override;
  std::optional<exporting::Receipt> last_receipt() const override;
  void stop() override { stopped_ = true; }

 private:
  // A batch on its way.
  struct Parcel {
    Batch batch;
    std::size_t body_bytes = 0;       // as sent
    std::uint32_t failures = 0;       // attempts that failed, 413 aside
    std::uint32_t held = 0;           // of these, the last ones that came while others were accepted
    std::int64_t failed_us = 0;       // the last of them
    std::int64_t not_before_us = 0;   // of the next attempt
    std::int64_t suspected_us = 0;    // when the first attempt began that was refused as too large; 0: none
    bool refused_alone = false;       // a single event, as too large
    std::uint32_t lone_refusals = 0;  // of these, while there was no event that could show that others are accepted
    destinations::Unanswered unanswered;
    // Its failure would not show that the receiver accepts nothing.
    bool is_suspect() const { return held > 0 || refused_alone; }
  };
  struct Call {
    Parcel parcel;
    std::int64_t started_us = 0;
  };

  // Answers
  void take_answers(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished);
  void take_answer(Call call, http_client::HttpResponse& response, std::int64_t now_us,
                   std::vector<exporting::FinishedEvent>& finished);
  void accepted(Call call, const http_client::HttpResponse& response, std::int64_t now_us,
                std::vector<exporting::FinishedEvent>& finished);
  void halve(Call call, Verdict verdict, std::int64_t now_us);
  void too_large_alone(Call call, Verdict verdict, std::int64_t now_us);
  void failed(Call call, Verdict verdict, std::int64_t now_us);
  void gone(Call call, Verdict verdict);
  void open_breaker(const Verdict& verdict, destinations::ErrorClass why, std::int64_t started_us, std::int64_t now_us);
  void show_failure(Verdict verdict, std::int64_t now_us);
  void forget_held(const Parcel& parcel);
  void finish(const std::vector<exporting::OutboundEvent>& events, bool delivered,
              std::vector<exporting::FinishedEvent>& finished);
  void flush_rejected(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished);
  std::int64_t wall_ms_at(std::int64_t at_us, std::int64_t now_us) const;

  // Calls
  void begin_calls(std::int64_t now_us);
  std::optional<Parcel> next_parcel(std::int64_t now_us);
  std::optional<Parcel> take_waiting(std::int64_t now_us, bool probing);
  std::int64_t due_us(const Parcel& parcel) const;
  void begin_call(Parcel parcel, std::int64_t now_us);
  std::size_t calls_at_most() const { return breaker_.closed() ? settings_.max_calls_in_flight : 1; }
  bool has_others() const;
  std::int64_t next_step_us(std::int64_t now_us) const;
  void check_progress(std::int64_t now_us);

  const WebhookSettings settings_;
  const std::string name_;
  const Clock& clock_;
  const http_client::OutboundPolicy* const policy_;
  const std::size_t max_events_inside_;
  std::vector<SigningSecret> signing_secrets_;
  std::vector<std::pair<std::string, std::string>> fixed_headers_;
  std::vector<std::string> hidden_;  // AnswerFacts::secrets
  Random random_;
  destinations::CallMailbox mailbox_;
  BatchBuilder builder_;
  destinations::CircuitBreaker breaker_;
  destinations::RefusalJudge judge_;
  destinations::UnansweredWatch unanswered_;
  destinations::RejectedEvents rejected_;
  destinations::ProblemBook problems_;
  destinations::CallStats call_stats_;

  std::map<std::uint64_t, Call> calls_;  // in flight, by the mailbox's number
  std::vector<Parcel> waiting_;          // in no call, for another attempt
  std::int64_t pause_until_us_ = 0;      // the receiver asked for it
  std::size_t events_inside_ = 0;
  std::size_t refused_alone_ = 0;   // of these, as too large
  std::uint64_t bytes_inside_ = 0;  // of their records
  int last_status_ = 0;             // 0: no answer yet
  std::string delivered_id_;        // webhook-id of the last batch that was accepted
  int delivered_status_ = 0;
  bool gone_ = false;  // the receiver wants no more
  bool stopped_ = false;
  std::vector<destinations::CallAnswer> answers_;
  std::vector<destinations::HeldRecord> stored_;  // as dead letters, in this step
};

}  // namespace sluice::webhook
