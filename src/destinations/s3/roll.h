// When an object is finished. Pure.
#pragma once

#include <cstdint>

namespace sluice::s3 {

struct RollLimits {
  // Of lines, before compression. Analysts' engines read files of tens of megabytes best; one PUT takes 5 GiB.
  std::uint64_t bytes = 64ull << 20;
  // How long an event may lie in the spool: what "behind" starts from.
  std::int64_t age_us = 300'000'000;
  // What a window of events costs in memory (24 bytes an event, kMaxSealed + 1 objects) is bounded by this: 64 MiB of
  // events of 256 bytes.
  std::uint64_t events = 262'144;
};

// Payloads are committed in another order than they were received in, by milliseconds; and a clock is set back by
// seconds. Such an event stays in the object of the hour that has begun.
inline constexpr std::int64_t kLateMs = 60'000;

constexpr std::int64_t hour_of(std::int64_t received_ms) { return received_ms / 3'600'000; }

// Whether an event belongs to the hour of an object that began in `hour`.
constexpr bool fits_hour(std::int64_t hour, std::int64_t received_ms) {
  return hour_of(received_ms) == hour || (received_ms < hour * 3'600'000 && received_ms >= hour * 3'600'000 - kLateMs);
}

struct ObjectFacts {
  std::uint64_t bytes = 0, events = 0;  // so far
  std::int64_t hour = 0;
  std::int64_t begun_us = 0;
};
// Whether the object is finished before this event.
constexpr bool rolls_before(const ObjectFacts& object, std::uint64_t record_bytes, std::int64_t received_ms,
                            const RollLimits& limits) {
  return object.events >= limits.events || object.bytes + record_bytes > limits.bytes ||
         !fits_hour(object.hour, received_ms);
}
constexpr bool is_old(const ObjectFacts& object, std::int64_t now_us, const RollLimits& limits) {
  return now_us - object.begun_us >= limits.age_us;
}

}  // namespace sluice::s3
