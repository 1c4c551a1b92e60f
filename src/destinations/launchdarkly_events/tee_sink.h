// The sink that forwards payloads to LaunchDarkly's event service as their SDKs sent them: a lane for each kind of
// credential (lane.h). Done when the service answered 2xx.
//
//   put() → lane of its credential → calls → answers → finished
//                ↑   retries   ↓
//                └─────────────┘     400, too old, too large: dead letters
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/random.h"
#include "catalog/snapshot.h"
#include "destinations/call_mailbox.h"
#include "destinations/call_stats.h"
#include "destinations/launchdarkly_events/lane.h"
#include "destinations/launchdarkly_events/payload_cutter.h"
#include "destinations/launchdarkly_events/settings.h"
#include "destinations/rejected_events.h"
#include "event/upstream_tracking.h"
#include "export/limits.h"
#include "export/sink.h"
#include "http_client/http_transport.h"

namespace sluice::launchdarkly_events {

// A lane that is parked keeps the places of its payloads, and others pass, until this many events are read and not yet
// done with: 8 bytes each.
inline constexpr std::size_t kMaxTeeWindowEvents = 1u << 20;
// Then its oldest payloads go to the dead letters, if there were others within this time. If there were none, nothing
// is read any more, and everything stays in the journal.
inline constexpr std::int64_t kOthersLatelyUs = 600'000'000;
// In one step, so that it stays short.
inline constexpr int kMostReadAgain = 16, kMostGivenUp = 64;

// Of each lane, for the status.
struct LaneDetails {
  CredentialKind kind;
  std::size_t payloads;
  std::optional<exporting::Problem> problem;
};
struct TeeDetails final : exporting::SinkDetails {
  std::vector<LaneDetails> lanes;
  std::uint64_t cut_events = 0;  // payload_cutter.h
};

class TeeSink final : public exporting::Sink {
 public:
  // Everything referred to outlives the sink. `catalog`: the one in force, asked in every step; so is `tracking`, which
  // may be null.
  TeeSink(const catalog::Destination& destination, http_client::HttpTransport& transport,
          const http_client::OutboundPolicy* policy, std::function<catalog::CatalogPointer()> catalog,
          const event::UpstreamTracking* tracking, const Clock& clock, Notifier& notifier,
          exporting::DeadLetterStore& dead_letters, std::uint64_t seed);

  std::int64_t read_patience_us() const override { return exporting::kReadPatienceUs; }
  bool has_room() const override;
  void put(exporting::OutboundEvent event) override;
  std::int64_t step(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) override;
  std::optional<exporting::Problem> problem() const override;
  std::vector<exporting::Problem> notes() const override;
  exporting::SinkStats stats() const override;
  std::optional<exporting::Receipt> last_receipt() const override;
  void can_read_again(exporting::ReadAgain read_again) override { read_again_ = std::move(read_again); }
  void window_is_full() override { window_full_ = true; }
  std::size_t max_window_events() const override {
    return read_again_ ? kMaxTeeWindowEvents : exporting::kMaxWindowEvents;
  }
  void stop() override { stopped_ = true; }

 private:
  void give_up_parked(std::int64_t now_us);
  // Returns when to try again what the journal could not give.
  std::int64_t wake(Lane& lane, std::int64_t now_us);
  bool others_lately(const Lane& lane, std::int64_t now_us) const;
  void settle(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished);
  Done too_old(exporting::OutboundEvent event) const;
  bool is_too_old(const exporting::OutboundEvent& event) const;

  const TeeSettings settings_;
  const ObjectId environment_;
  const Clock& clock_;
  const std::function<catalog::CatalogPointer()> catalog_;
  const event::UpstreamTracking* const tracking_;
  Random random_;
  destinations::CallMailbox mailbox_;
  destinations::CallStats call_stats_;
  PayloadCutter cutter_;
  std::array<Lane, kCredentialKinds> lanes_;
  destinations::RejectedEvents rejected_;
  destinations::ProblemBook problems_;  // of the sink itself: its dead letters
  exporting::ReadAgain read_again_;     // null: none is put to sleep
  bool window_full_ = false;
  std::deque<Done> done_;  // in this step
  std::vector<destinations::CallAnswer> answers_;
  std::vector<destinations::HeldRecord> stored_;
  std::size_t events_inside_ = 0;
  std::uint64_t bytes_inside_ = 0;
  bool stopped_ = false;
};

}  // namespace sluice::launchdarkly_events
