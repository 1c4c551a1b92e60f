// The events that a sink holds and that are in no call: those that failed, each with the time of its next attempt,
// ahead of new ones.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/random.h"
#include "export/sink.h"
#include "kinesis/shard_map.h"

namespace sluice::kinesis {


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

  // A ready event that was not sent yet comes first, if there is one: what failed before has had its turn.
  void put_fresh_first();

  // Moves due events to the ready ones. Call before the others with the same time.
  void advance(std::int64_t now_us);
  // Every waiting event becomes due at a random time in now..now + spread: the cause of the delay is over.
  void expedite(std::int64_t now_us, std::int64_t spread_us, Random& random);

  std::size_t ready() const { return retries_.size() + fresh_.size(); }
  // Bytes of the ready events, as counted towards a call's limit.
  std::uint64_t ready_bytes() const { return ready_bytes_; }
  // Since when something is ready; only if ready() > 0.
  std::int64_t ready_since_us() const { return ready_since_us_; }
  const HeldEvent& next() const { return retries_.empty() ? fresh_.front() : retries_.front(); }
  HeldEvent& next() { return retries_.empty() ? fresh_.front() : retries_.front(); }
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
  std::deque<HeldEvent> retries_;
  std::vector<Waiting> waiting_;  // a heap, the next due in front
  std::uint64_t ready_bytes_ = 0;
  std::int64_t ready_since_us_ = 0;
  bool ready_stamped_ = false;
};

}  // namespace sluice::kinesis
