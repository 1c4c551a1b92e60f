// The events that a sink holds and that are in no call: those that failed before, each with its time to be tried again,
// ahead of new ones.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/random.h"
#include "export/sink.h"

namespace sluice::kinesis {

inline constexpr std::uint32_t kNoShard = UINT32_MAX;

// An event on its way.
struct HeldEvent {
  exporting::OutboundEvent event;
  std::uint32_t bytes = 0;         // of the record, without its key
  std::uint32_t failures = 0;      // attempts that failed
  std::uint32_t shard = kNoShard;  // that this attempt is aimed at (kinesis/shard_limiter.h)
};

// One thread. Times are of the steady clock, in microseconds.
class SendQueue {
 public:
  void put(exporting::OutboundEvent event);
  // Not before `not_before_us`.
  void retry(HeldEvent event, std::int64_t not_before_us);
  // At once, ahead of all others.
  void put_back(HeldEvent event);

  // Makes ready what is due. Call before the others with the same time.
  void advance(std::int64_t now_us);
  // Nothing waits longer than until a moment in now..now + spread: what made it wait is over.
  void expedite(std::int64_t now_us, std::int64_t spread_us, Random& random);

  std::size_t ready() const { return again_.size() + fresh_.size(); }
  // What is ready counts this much towards a call's limit.
  std::uint64_t ready_bytes() const { return ready_bytes_; }
  // Since when something is ready; only if ready() > 0.
  std::int64_t ready_since_us() const { return ready_since_us_; }
  const HeldEvent& next() const { return again_.empty() ? fresh_.front() : again_.front(); }
  HeldEvent& next() { return again_.empty() ? fresh_.front() : again_.front(); }
  HeldEvent take();

  // When the next waiting event is due; INT64_MAX for none.
  std::int64_t next_due_us() const { return waiting_.empty() ? INT64_MAX : waiting_.front().due_us; }
  std::size_t size() const { return ready() + waiting_.size(); }

 private:
  struct Waiting {
    std::int64_t due_us;
    HeldEvent event;
    static bool later(const Waiting& a, const Waiting& b) { return a.due_us > b.due_us; }
  };
  std::deque<HeldEvent> fresh_;
  std::deque<HeldEvent> again_;
  std::vector<Waiting> waiting_;  // a heap, the next due in front
  std::uint64_t ready_bytes_ = 0;
  std::int64_t ready_since_us_ = 0;
  bool ready_stamped_ = false;
};

}  // namespace sluice::kinesis
