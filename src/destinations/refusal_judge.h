// Whether an event that AWS refuses is to blame, or what refuses it refuses everything. An event is given up only after
// it was refused alone twice, each time while the stream accepted others: what refuses everything is the stream's
// fault, a proxy's or ours, and no event's. Pure: times in, decisions out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace sluice::destinations {

// Refusals of an event, at pauses of half a minute and more, where there are none but such: then it is held to be the
// event's fault. With more of them than this it is the far end's, or a proxy's.
inline constexpr std::uint32_t kLoneRefusals = 8;
inline constexpr std::size_t kMostLone = 8;

class RefusalJudge {
 public:
  enum class Verdict : std::uint8_t {
    again,       // the stream accepts others: send it alone once more, now
    later,       // nothing shows yet whether the stream accepts others: send those, and it with them after a pause
    everything,  // several were refused and nothing accepted, or there is no other: stop and probe
    reject,      // the event's fault
  };

  // A call that began then had a record accepted.
  void accepted(std::int64_t started_us) {
    if (started_us > accepted_us_) accepted_us_ = started_us;
    alone_unwitnessed_ = 0;
  }
  // Whether a call that began at or after this was accepted.
  bool accepted_since(std::int64_t us) const { return accepted_us_ >= us; }

  // An event was refused in a call of its own, or is the only one left of a refused call. `suspected_us`: when the
  // first refusal that concerns it came. `others`: whether there are events that are no suspects, and so could show
  // whether the stream accepts any.
  Verdict refused_alone(std::uint64_t ticket, std::int64_t suspected_us, std::int64_t now_us, bool others);
  // Events that were refused alone and are not forgotten, this one counted among them.
  std::size_t suspects_with(std::uint64_t ticket) const {
    return suspects_.size() + (suspects_.contains(ticket) ? 0 : 1);
  }
  // Whether to give it up although no other was accepted: there is none, such as at the end of a replay, and none would
  // ever come to show that the far end accepts any. `refusals`: of it, while it was so.
  bool alone_for_long(std::uint64_t ticket, std::uint32_t refusals, bool others) const {
    return !others && refusals >= kLoneRefusals && suspects_with(ticket) <= kMostLone;
  }
  // How often in a row that said `later`; 0 for an event that is not known.
  std::uint32_t waits(std::uint64_t ticket) const;
  // Delivered after all, or given up.
  void forget(std::uint64_t ticket) {
    if (!suspects_.empty()) suspects_.erase(ticket);
  }

 private:
  struct Suspect {
    std::int64_t alone_us = 0;  // the last refusal
    bool witnessed = false;     // refused once while others were accepted
    std::uint32_t waits = 0;
  };
  std::unordered_map<std::uint64_t, Suspect> suspects_;  // by ticket
  std::uint32_t alone_unwitnessed_ = 0;                  // refusals since the last that was accepted
  std::int64_t accepted_us_ = INT64_MIN;                 // the latest start of a call with an accepted record
};

}  // namespace sluice::destinations
