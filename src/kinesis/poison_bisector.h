// Finds the record for which AWS refuses a whole call, with at most one further call for each halving: a part of the
// suspects is sent; if it is taken, the fault is in the rest, if it is refused, in the part. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kinesis/error_class.h"
#include "kinesis/send_queue.h"

namespace sluice::kinesis {

// The record that a ValidationException names, from 0: AWS counts from 1 in "records.17.member.data".
std::optional<std::size_t> record_named_in(std::string_view message);

class PoisonBisector {
 public:
  // `refused` is a call's events in their order.
  PoisonBisector(std::vector<HeldEvent> refused, CallError error);

  // What the next call is to hold. Afterwards one of the three below is called with what comes of it.
  std::vector<HeldEvent> next_test();
  // AWS took the call, so the fault is among the rest.
  void accepted();
  // Refused again: the fault is among these. The rest is no longer suspected and appended to `released`.
  void refused(std::vector<HeldEvent> tested, CallError error, std::vector<HeldEvent>& released);
  // Nothing was learnt: the call failed for another reason.
  void unknown(std::vector<HeldEvent> tested);

  // The one record that it must be, and why; only asked while no test is under way.
  bool found() const;
  HeldEvent take_found();
  const CallError& error() const { return error_; }
  // Gives up: all suspects.
  std::vector<HeldEvent> release();

  std::size_t size() const { return suspects_.size(); }
  bool over() const { return suspects_.empty(); }

 private:
  std::vector<HeldEvent> suspects_;
  CallError error_;
  std::optional<std::size_t> named_;
  std::uint64_t refused_bytes_ = 0;  // of the smallest call that was refused
  bool refused_alone_ = false;       // the only suspect left was refused in a call of its own
};

}  // namespace sluice::kinesis
