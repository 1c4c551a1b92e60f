// The payloads that came with one kind of credential, on their way to the event service. A lane has its own queue,
// retries and circuit breaker, so that a credential that is refused stops its own payloads and no others. No order is
// kept: what failed goes behind what waits, so that a payload that always fails is in nobody's way.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "catalog/snapshot.h"
#include "destinations/call_mailbox.h"
#include "destinations/call_stats.h"
#include "destinations/circuit_breaker.h"
#include "destinations/launchdarkly_events/answer.h"
#include "destinations/launchdarkly_events/payload_cutter.h"
#include "destinations/launchdarkly_events/settings.h"
#include "destinations/problem_book.h"
#include "destinations/unanswered.h"
#include "event/upstream_tracking.h"
#include "export/sink.h"

namespace sluice::launchdarkly_events {

// What a lane holds in memory at most: payloads, and bytes of the journal's chunks that they keep in memory. Payloads
// of a busy server come in chunks of 1 MiB that are full of them.
inline constexpr std::size_t kMaxLanePayloads = 512;
inline constexpr std::uint64_t kMaxLaneBytes = 16u << 20;

// A payload that is refused becomes a dead letter if others were accepted within this time. Else whatever answers there
// may refuse everything, such as a server that is not the event service: the payload is kept, and the lane probes.
inline constexpr std::int64_t kAcceptedLatelyUs = 600'000'000;

// A failure among payloads that are accepted is that payload's own. It is the service's when so many payloads fail in a
// row, or when none was accepted for this long.
inline constexpr int kFailuresOfAll = 3;
inline constexpr std::int64_t kDoubtUs = 30'000'000;
// While fewer have failed and none was accepted, one that has not failed is tried so soon: it tells whether the payload
// or the credential is refused.
inline constexpr std::int64_t kNextPayloadLeastUs = 1'000'000, kNextPayloadMostUs = 2'000'000;
// A payload that failed so often while others are accepted is told, until it does not fail any more or for so long.
inline constexpr std::uint32_t kOwnFailuresTold = 3;
inline constexpr std::int64_t kOwnNoteMs = 60'000;
// A payload that is refused this often, each time after others of its credential were accepted since the time before,
// is refused for what it is.
inline constexpr int kRefusalsOfOne = 3;

// A payload that is done with: the service has it, or it goes to the dead letters.
struct Done {
  exporting::OutboundEvent event;
  bool delivered = true;
  std::string code, reason;  // of a dead letter
};

// One thread. Times are of the steady clock, in microseconds.
class Lane {
 public:
  // All that is referred to outlives the lane.
  // `policy`: what may be called; null: anything.
  Lane(CredentialKind kind, const TeeSettings& settings, const http_client::OutboundPolicy* policy, const Clock& clock,
       destinations::CallMailbox& mailbox, destinations::CallStats& stats, PayloadCutter& cutter, Random& random);

  void put(exporting::OutboundEvent event);
  // Keeps its place alone, until there is room.
  void put_to_sleep(const exporting::OutboundEvent& event) { asleep_.push_back({event.ticket, event.place()}); }
  struct Asleep {
    std::uint64_t ticket;
    exporting::EventPlace place;
  };
  // In the order of put_to_sleep().
  std::deque<Asleep>& asleep() { return asleep_; }
  bool is_full() const { return payloads_ >= kMaxLanePayloads || chunk_bytes_ >= kMaxLaneBytes; }
  std::size_t payloads() const { return payloads_ + asleep_.size(); }
  std::size_t calls_in_flight() const { return calls_.size(); }
  // Only a person can end its trouble.
  bool is_parked() const;
  // Takes the payload that waited longest out, for the dead letters: others must pass a lane that is parked.
  std::optional<Done> give_up_oldest();

  // Sends what may be sent with the environment's credential of today, without what `tracking`, which may be null, says
  // that LaunchDarkly would not have got. Returns when to call it again. What cannot even be read is appended to
  // `done`, and so is a payload of which nothing is left.
  std::int64_t send(std::int64_t now_us, const catalog::Environment* environment, const event::FlagTracking* tracking,
                    std::deque<Done>& done);
  // Whether the answer was to a call of this lane; what is done with it is appended to `done`.
  bool take(destinations::CallAnswer& answer, std::int64_t now_us, std::deque<Done>& done);

  // Says so when a payload has had no answer for long: a call that hangs fails much later. Returns when to look again.
  std::int64_t watch(std::int64_t now_us);

  const destinations::ProblemBook& problems() const { return problems_; }
  CredentialKind kind() const { return kind_; }
  std::int64_t last_delivered_us() const { return last_delivered_us_; }
  std::int64_t last_put_us() const { return last_put_us_; }
  // The answer to the last payload that was delivered: "202".
  int last_status() const { return last_status_; }
  // Events that were cut out of payloads which are done with.
  std::uint64_t cut_events() const { return cut_events_; }

 private:
  // A payload, whole or in parts.
  struct Payload {
    exporting::OutboundEvent event;
    std::uint64_t chunk_bytes = 0;
    std::uint32_t parts_open = 1;
    std::string code, reason;  // of a part that was rejected; empty: none
  };
  struct Part {
    std::shared_ptr<Payload> payload;
    std::string original;    // of a half; empty: the payload's own
    std::string payload_id;  // of a half
    std::uint32_t failures = 0;
    std::int64_t refused_us = INT64_MAX;  // the last time
    int refused_beside_others = 0;
    std::uint32_t lone_refusals = 0;  // while no other payload was there that might be accepted
    bool told = false;                // that it fails
    destinations::Unanswered unanswered;
  };
  struct Call {
    Part part;
    std::int64_t started_us;
    std::string credential;
    std::uint32_t cut_events;
  };
  // Whether the answer is about this payload alone, as far as others tell; decides whether it is one for the dead
  // letters.
  bool is_its_own(AnswerMeaning& meaning, Part& part, std::int64_t now_us);
  bool accepted_lately(std::int64_t now_us) const { return now_us - last_delivered_us_ < kAcceptedLatelyUs; }
  // Whether there are payloads that have not failed, and could show that the service accepts any.
  bool has_others(const Part& part) const;
  void send_part(Part part, std::int64_t now_us, const std::string& credential, const event::FlagTracking* tracking,
                 std::deque<Done>& done);
  void finish_part(Part part, std::deque<Done>& done);
  void reject(Part part, std::string code, std::string reason, std::deque<Done>& done);
  void split(Part part, const AnswerMeaning& meaning, std::deque<Done>& done);
  void retry(Part part, std::int64_t not_before_us);
  void tell_own(const AnswerMeaning& meaning, Part& part, std::int64_t now_us);
  bool few_failed() const { return payloads_failed_ > 0 && payloads_failed_ < kFailuresOfAll; }
  void fail(const AnswerMeaning& meaning, const Call& call, std::int64_t now_us);

  const CredentialKind kind_;
  const TeeSettings& settings_;
  const http_client::OutboundPolicy* const policy_;
  const Clock& clock_;
  destinations::CallMailbox& mailbox_;
  destinations::CallStats& stats_;
  PayloadCutter& cutter_;
  Random& random_;
  destinations::CircuitBreaker breaker_;
  destinations::ProblemBook problems_;
  destinations::UnansweredWatch unanswered_;
  std::deque<Part> ready_;
  std::multimap<std::int64_t, Part> waiting_;  // by when they are due
  std::map<std::uint64_t, Call> calls_;
  std::deque<Asleep> asleep_;
  int payloads_failed_ = 0;               // different ones, since one was accepted
  const Payload* last_failed_ = nullptr;  // only compared
  std::size_t payloads_ = 0;              // in memory
  std::uint64_t chunk_bytes_ = 0;
  const journal::JournalChunk* last_chunk_ = nullptr;  // of the payload that was put last; only compared
  std::int64_t not_before_us_ = 0;                     // as the service asked
  std::string refused_credential_;                     // that the service refused; another one is tried at once
  std::int64_t last_delivered_us_ = INT64_MIN / 2, last_put_us_ = INT64_MIN / 2;
  std::int64_t own_told_us_ = INT64_MIN / 2;
  int last_status_ = 0;
  std::uint64_t cut_events_ = 0;
};

}  // namespace sluice::launchdarkly_events
