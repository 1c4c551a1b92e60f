// The records that a sink holds and that are in no call: those that failed, each with the time of its next attempt,
// ahead of new ones.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "base/random.h"
#include "export/sink.h"
#include "framing/record.h"

namespace sluice::destinations {

inline constexpr std::uint32_t kNoLane = UINT32_MAX;
// Records that come due within the same such span are met in one step: thousands that were throttled in one call come
// due one by one, and whoever waits for each of them does little else.
inline constexpr std::int64_t kDueTogetherUs = 1'000;

// A record on its way.
struct HeldRecord : framing::Record {
  std::uint32_t failures = 0;    // attempts that failed
  std::uint32_t lane = kNoLane;  // the part of the destination that this attempt is aimed at, such as a shard

  HeldRecord() = default;
  explicit HeldRecord(framing::Record record) : framing::Record(std::move(record)) {}
  explicit HeldRecord(exporting::OutboundEvent event) {
    bytes = static_cast<std::uint32_t>(event.record_size());
    events.push_back(std::move(event));
  }
  // That of its first event: no other record has it.
  std::uint64_t ticket() const { return events.front().ticket; }
};

// One thread. Times are of the steady clock, in microseconds.
class SendQueue {
 public:
  // `bytes_beside`: what a record counts towards a call's limit beside its data, such as a key.
  explicit SendQueue(std::uint64_t bytes_beside = 0) : bytes_beside_(bytes_beside) {}

  void put(HeldRecord record);
  // Not before `not_before_us`.
  void retry(HeldRecord record, std::int64_t not_before_us);
  // At once, ahead of all others.
  void put_back(HeldRecord record);

  // A ready record that was not sent yet comes first, if there is one: what failed before has had its turn.
  void put_fresh_first();

  // Moves due records to the ready ones. Call before the others with the same time.
  void advance(std::int64_t now_us);
  // Every waiting record becomes due at a random time in now..now + spread: the cause of the delay is over.
  void expedite(std::int64_t now_us, std::int64_t spread_us, Random& random);

  std::size_t ready() const { return retries_.size() + fresh_.size(); }
  // Bytes of the ready records, as counted towards a call's limit.
  std::uint64_t ready_bytes() const { return ready_bytes_; }
  // Since when something is ready; only if ready() > 0.
  std::int64_t ready_since_us() const { return ready_since_us_; }
  const HeldRecord& next() const { return retries_.empty() ? fresh_.front() : retries_.front(); }
  HeldRecord& next() { return retries_.empty() ? fresh_.front() : retries_.front(); }
  HeldRecord take();

  // When the next waiting record is due, and others that are due soon after it; INT64_MAX for none.
  std::int64_t next_due_us() const {
    if (waiting_.empty()) return INT64_MAX;
    return (waiting_.front().due_us + kDueTogetherUs - 1) / kDueTogetherUs * kDueTogetherUs;
  }
  std::size_t size() const { return ready() + waiting_.size(); }

 private:
  struct Waiting {
    std::int64_t due_us;
    std::uint32_t place;  // in waiting_records_: a heap moves what it holds about
    static bool later(const Waiting& a, const Waiting& b) { return a.due_us > b.due_us; }
  };
  std::uint64_t counted(const HeldRecord& record) const { return record.bytes + bytes_beside_; }

  const std::uint64_t bytes_beside_;
  std::deque<HeldRecord> fresh_;
  std::deque<HeldRecord> retries_;
  std::vector<Waiting> waiting_;  // a heap, the next due in front
  std::vector<HeldRecord> waiting_records_;
  std::vector<std::uint32_t> free_places_;
  std::uint64_t ready_bytes_ = 0;
  std::int64_t ready_since_us_ = 0;
  bool ready_stamped_ = false;
};

}  // namespace sluice::destinations
