// Events that a destination can never take, on their way into its dead letters. They count as finished when they are
// stored; while they cannot be stored, they wait here and the destination says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "destinations/problem_book.h"
#include "destinations/send_queue.h"
#include "export/sink.h"

namespace sluice::destinations {

// Dead letters that are written and synced together at most: a destination of which nothing can be delivered then costs
// the disk one sync for a call's worth of records, and a step of it stays short. One record may be larger.
inline constexpr std::size_t kMaxRejectedAtOnce = 500;
inline constexpr std::uint64_t kMaxRejectedBytesAtOnce = 1u << 20;

// One thread. Times are of the steady clock, in microseconds.
class RejectedEvents {
 public:
  // Writes the record of an event as it would have been sent.
  using WriteRecord = std::function<void(const exporting::OutboundEvent&, std::string& out)>;
  // The store and the clock outlive this. Without `write`: the export envelope.
  RejectedEvents(std::string destination_name, exporting::DeadLetterStore& store, const Clock& clock,
                 WriteRecord write = {});

  // A record of one event.
  void add(HeldRecord record, std::string code, std::string reason);
  // Stores the first ones, if it is time for it, and appends them to `stored`. Problems and notes go into the book.
  void flush(std::int64_t now_us, ProblemBook& problems, std::vector<HeldRecord>& stored);

  std::size_t size() const { return rejected_.size(); }
  // When to call flush() again; INT64_MAX for never.
  std::int64_t due_us() const { return rejected_.empty() ? INT64_MAX : not_before_us_; }

 private:
  struct Rejected {
    HeldRecord record;
    std::string code;
    std::string reason;
  };
  std::vector<exporting::RejectedEvent> next() const;
  void log(const exporting::DeadLetter& last, std::size_t count, std::int64_t now_us);

  const std::string name_;
  exporting::DeadLetterStore& store_;
  const Clock& clock_;
  const WriteRecord write_;
  std::deque<Rejected> rejected_;
  std::int64_t not_before_us_ = 0;
  std::uint64_t unlogged_ = 0;
  std::int64_t log_not_before_us_ = 0;
};

}  // namespace sluice::destinations
