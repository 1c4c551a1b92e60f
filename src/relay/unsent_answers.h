// Answers to mobile apps and browsers that are in memory until whoever asked has read them: bounded, and shared fairly
// (relay/fair_share.h), so that those who ask and do not read hold up nobody else's.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "relay/fair_share.h"

namespace sluice::relay {

// Their bodies together. Half of it is one environment's: more than the 75 MiB of clients that are told of a switch
// (kPingsPerS a second), have 300 kB of flags each and take a second to read them.
inline constexpr std::uint64_t kMaxUnsentBytes = 192u << 20;

// Any thread.
class UnsentAnswers : public std::enable_shared_from_this<UnsentAnswers> {
 public:
  // An answer of this size: counted until what is returned goes. Null: its owner's share is used up, which is counted.
  std::shared_ptr<const void> hold(const PlaceOwner& owner, std::uint64_t bytes);
  std::uint64_t bytes() const;
  // Since the process started.
  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;
  FairShare share_{kMaxUnsentBytes};  // guarded by mutex_
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace sluice::relay
