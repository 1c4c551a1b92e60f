// How many bytes of memory flags may take: for each kind of credential that they were seen with, a share of each
// environment's and one of all environments' together. Anybody who knows a client-side id can invent flags; what was
// seen with a key is not displaced by them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/credential_kind.h"

namespace sluice::flags {

// Of one environment: 50,000 flags of two short variations seen with SDK keys (LaunchDarkly's own projects stay below
// that), 10,000 that only mobile apps know, 5,000 that only browsers know.
inline constexpr std::array<std::uint64_t, kCredentialKinds> kFlagShareBytes = {40u << 20, 8u << 20, 4u << 20};
// Of all environments together: four that are full, or hundreds of the usual size.
inline constexpr std::array<std::uint64_t, kCredentialKinds> kAllFlagsShareBytes = {160u << 20, 32u << 20, 16u << 20};

// What a flag takes without its key and variations: the entry, its place in a table and a queue. Measured: 600.
inline constexpr std::uint64_t kFlagBytes = 600;
// What a variation takes without its value.
inline constexpr std::uint64_t kVariationBytes = 64;
constexpr std::uint64_t flag_bytes(std::size_t key_bytes) { return kFlagBytes + key_bytes; }

struct FlagLimits {
  std::array<std::uint64_t, kCredentialKinds> share_bytes = kFlagShareBytes;
  std::array<std::uint64_t, kCredentialKinds> all_share_bytes = kAllFlagsShareBytes;
};

// The bytes of one share. Any thread.
struct FlagShareBytes {
  FlagShareBytes(std::uint64_t limit_bytes, FlagShareBytes* of_all) : limit(limit_bytes), all(of_all) {}

  // False: there is no room in it, or in all environments' together.
  bool take(std::uint64_t bytes) {
    if (used.load(std::memory_order_relaxed) + bytes > limit) return false;
    if (all != nullptr && !all->take(bytes)) return false;
    used.fetch_add(bytes, std::memory_order_relaxed);
    return true;
  }
  void take_beyond_limit(std::uint64_t bytes) {
    used.fetch_add(bytes, std::memory_order_relaxed);
    if (all != nullptr) all->take_beyond_limit(bytes);
  }
  void give_back(std::uint64_t bytes) {
    used.fetch_sub(bytes, std::memory_order_relaxed);
    if (all != nullptr) all->give_back(bytes);
  }
  bool has_room(std::uint64_t bytes) const {
    return used.load(std::memory_order_relaxed) + bytes <= limit && (all == nullptr || all->has_room(bytes));
  }

  const std::uint64_t limit;
  FlagShareBytes* const all;  // null: this is all environments'
  std::atomic<std::uint64_t> used{0};
  std::atomic<std::uint64_t> not_kept{0};  // evaluations whose variation was not kept for want of room
};

// What is remembered with one kind of credential, over all environments. Counters since the process started.
struct FlagUsage {
  std::uint64_t flags = 0, bytes = 0, limit_bytes = 0;
  std::uint64_t evicted = 0;         // flags that made room for newer ones
  std::uint64_t not_remembered = 0;  // lookups of a flag for which there was no room
  std::uint64_t values_not_kept = 0;
};
using FlagUsages = std::array<FlagUsage, kCredentialKinds>;

}  // namespace sluice::flags
