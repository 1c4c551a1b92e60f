// How often a test that draws seeds does so. The sanitizers look for races and for memory that is used wrongly, not for
// rare orders of events, and take twenty times as long: they get a sixth.
#pragma once

#include <cstdint>

#include "base/random.h"

namespace sluice {

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SLUICE_FEWER_ROUNDS
#endif
#endif

// What the process has in memory says nothing under the sanitizers: the address sanitizer keeps 256 MiB of what was
// freed.
constexpr bool memory_is_as_usual() {
#ifdef SLUICE_FEWER_ROUNDS
  return false;
#else
  return true;
#endif
}

constexpr std::uint64_t rounds(std::uint64_t all) {
#ifdef SLUICE_FEWER_ROUNDS
  return (all + 5) / 6;
#else
  return all;
#endif
}

// Of a list that is the same each time: whether this case is tried. The sanitizers try a sixth, another one each time.
inline bool is_tried([[maybe_unused]] Random& random) {
#ifdef SLUICE_FEWER_ROUNDS
  return random.below(6) == 0;
#else
  return true;
#endif
}

}  // namespace sluice
