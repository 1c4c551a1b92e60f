// Finds the record for which a destination refuses a whole call, with at most one further call for each halving: a part
// of the suspects is sent; if it is accepted, the fault is in the rest; if it is refused, in the part. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "destinations/call_error.h"
#include "destinations/send_queue.h"

namespace sluice::destinations {

class PoisonBisector {
 public:
  // `refused` is a call's records in their order; `suspected_us` when the answer came (steady clock); `named` the place
  // of the one that the answer blames, if it does. With `retest` a record is found only when a test of it was refused:
  // for records that are not what was refused, but parts of it, or refused by something that may have changed.
  PoisonBisector(std::vector<HeldRecord> refused, CallError error, std::int64_t suspected_us,
                 std::optional<std::size_t> named = {}, bool retest = false);

  // The events of the next call. Afterwards call one of the three below with its result.
  std::vector<HeldRecord> next_test();
  // The call was accepted, so the fault is among the rest.
  void accepted();
  // Refused again: the fault is among these. The rest is no longer suspected and appended to `released`.
  void refused(std::vector<HeldRecord> tested, CallError error, std::optional<std::size_t> named,
               std::vector<HeldRecord>& released);
  // The call failed for another reason: no information.
  void unknown(std::vector<HeldRecord> tested);

  // Whether one record is identified. Call only while no test is in flight.
  bool found() const;
  HeldRecord take_found();
  const CallError& error() const { return error_; }
  std::int64_t suspected_us() const { return suspected_us_; }
  // Stops and returns all suspects.
  std::vector<HeldRecord> release();

  std::size_t size() const { return suspects_.size(); }
  bool over() const { return suspects_.empty(); }

 private:
  std::vector<HeldRecord> suspects_;
  CallError error_;
  std::optional<std::size_t> named_;
  std::uint64_t refused_bytes_ = 0;  // of the smallest call that was refused
  std::int64_t suspected_us_;
  bool must_test_;
  bool refused_alone_ = false;  // the only suspect left was refused in a call of its own
};

}  // namespace sluice::destinations
