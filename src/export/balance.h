// The sum that must come out at every look: accepted = delivered + waiting + dead-lettered + filtered (+ missing, 0
// unless the disk damaged entries or a destination was off for longer than retention keeps them). Counted in events
// that the destination gets, over its whole life.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sluice::exporting {

struct Balance {
  std::uint64_t accepted = 0;
  std::uint64_t delivered = 0;
  std::uint64_t dead_lettered = 0;
  std::uint64_t waiting = 0;
  std::uint64_t missing = 0;
  std::uint64_t filtered = 0;
};

// `waiting` is not what is left over: it is counted from the journal when the pipeline starts, and from what the
// journal appends and the sink finishes since.
class BalanceKeeper {
 public:
  // `missing`: saved with the cursor.
  explicit BalanceKeeper(std::uint64_t missing) : missing_(missing) {}
  // Totals up to the cursor, and what the journal held behind it at that instant. What is missing up to it is known.
  void start(std::uint64_t delivered, std::uint64_t dead_lettered, std::uint64_t filtered, std::uint64_t backlog,
             std::uint64_t appended) {
    delivered_ = delivered;
    dead_lettered_ = dead_lettered;
    filtered_ = filtered;
    accepted_at_start_ = delivered + dead_lettered + missing_ + filtered + backlog;
    appended_at_start_ = appended;
  }
  // Part of the entry that the cursor stands in was finished before the last restart: the backlog counted it whole.
  void already_finished(std::uint64_t events) { accepted_at_start_ -= events; }
  void delivered(std::uint64_t events) { delivered_ += events; }
  void dead_lettered(std::uint64_t events) { dead_lettered_ += events; }
  void filtered(std::uint64_t events) { filtered_ += events; }
  // The journal lost them, and the cursor has passed the place. At most what waits: of two stretches that were damaged
  // beside each other some are counted in both. Returns how many.
  std::uint64_t lost(std::uint64_t events, std::uint64_t appended) {
    const std::uint64_t gone = std::min(events, sample(appended).waiting);
    missing_ += gone;
    return gone;
  }
  // Everything has been read and finished: what still seems to wait was given up by retention, or damaged on disk.
  // Returns how much.
  std::uint64_t settle(std::uint64_t appended) {
    const std::uint64_t gone = sample(appended).waiting;
    missing_ += gone;
    return gone;
  }
  // What a sink holds alone (HeldAlone): it was counted among what waits (`in_backlog`; nothing else waits then), or as
  // missing while the destination was off (`were_missed`), or not at all.
  struct Held {
    std::uint64_t waiting = 0, uploaded = 0;
    bool in_backlog = false, were_missed = false;
    std::uint64_t of_other_selection = 0;  // of all: of these none is taken back from what is missing
  };
  static Balance with(Balance balance, const Held& held) {
    const std::uint64_t all = held.waiting + held.uploaded;
    const std::uint64_t waited = held.in_backlog ? std::min(balance.waiting, all) : 0;
    const std::uint64_t countable = all - waited - std::min(all - waited, held.of_other_selection);
    const std::uint64_t missed = held.were_missed ? std::min(balance.missing, countable) : 0;
    balance.waiting = balance.waiting - waited + held.waiting;
    balance.delivered += held.uploaded;
    balance.missing -= missed;
    balance.accepted += all - waited - missed;
    return balance;
  }
  // They were delivered: none waits.
  void found(const Held& held, std::uint64_t appended) {
    const Balance before = sample(appended);
    const Balance balance = with(before, held);
    accepted_at_start_ += balance.accepted - before.accepted;
    missing_ = balance.missing;
    delivered_ = balance.delivered;
  }
  std::uint64_t missing() const { return missing_; }
  Balance sample(std::uint64_t appended) const {
    Balance balance{
        accepted_at_start_ + (appended - appended_at_start_), delivered_, dead_lettered_, 0, missing_, filtered_};
    const std::uint64_t finished = delivered_ + dead_lettered_ + filtered_;
    // An event that was told lost and came all the same is not missing.
    balance.missing = std::min(missing_, balance.accepted - std::min(balance.accepted, finished));
    balance.waiting = balance.accepted - finished - balance.missing;
    return balance;
  }

 private:
  std::uint64_t accepted_at_start_ = 0, appended_at_start_ = 0;
  std::uint64_t delivered_ = 0, dead_lettered_ = 0, filtered_ = 0;
  std::uint64_t missing_;
};

}  // namespace sluice::exporting
