#include "base/notifier.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sluice {
namespace {

static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

// futex(2) is called with the word itself.
std::uint32_t* word_of(std::atomic<std::uint32_t>& state) { return reinterpret_cast<std::uint32_t*>(&state); }

constexpr std::int64_t kUsPerS = 1'000'000;
// A sleep this long is as good as one without end, and no clock overflows by it.
constexpr std::int64_t kLongestSleepUs = 3'600 * kUsPerS;

timespec monotonic_in(std::int64_t us) {
  timespec at{};
  ::clock_gettime(CLOCK_MONOTONIC, &at);
  const std::int64_t ns = at.tv_nsec + us % kUsPerS * 1'000;
  at.tv_sec += us / kUsPerS + ns / 1'000'000'000;
  at.tv_nsec = ns % 1'000'000'000;
  return at;
}

}  // namespace

void Notifier::wake() { ::syscall(SYS_futex, word_of(state_), FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0); }

bool Notifier::wait_us(std::int64_t timeout_us) {
  std::uint32_t awake = kAwake;
  if (timeout_us <= 0 || !state_.compare_exchange_strong(awake, kSleeping, std::memory_order_acq_rel)) return take();
  // Of FUTEX_WAIT_BITSET the time is absolute: one that is woken for nothing sleeps on for the rest.
  const timespec until = monotonic_in(std::min(timeout_us, kLongestSleepUs));
  while (state_.load(std::memory_order_acquire) == kSleeping) {
    const long slept = ::syscall(SYS_futex, word_of(state_), FUTEX_WAIT_BITSET_PRIVATE, kSleeping, &until, nullptr,
                                 FUTEX_BITSET_MATCH_ANY);
    if (slept != 0 && errno == ETIMEDOUT) break;
  }
  return take();
}

}  // namespace sluice
