// How long an event source waits before it connects again. Pure but for its random numbers.
#pragma once

#include <cstdint>

#include "base/random.h"

namespace sluice::http_client {

// A server's `retry` below is a mistake that would have every client hammer it, above one that would stop all of them.
inline constexpr std::int64_t kMinServerRetryMs = 1'000;
inline constexpr std::int64_t kMaxServerRetryMs = 600'000;
// Of Retry-After.
inline constexpr std::int64_t kMaxRetryAfterMs = 600'000;

// The base after the first failure in a row, doubled by each more up to the most, less a random part of up to half.
class ReconnectDelay {
 public:
  ReconnectDelay(std::int64_t base_ms, std::int64_t most_ms, Random random);
  // Of new settings; the server's `retry` no longer holds.
  void set_times(std::int64_t base_ms, std::int64_t most_ms);
  // The server's `retry`, held to the bounds above. A larger one than the most is the most from then on.
  void set_base(std::int64_t base_ms);
  // The next failure is the first one in a row.
  void reset() { failures_ = 0; }
  // After a failure.
  std::int64_t next_ms();
  // Of another delay than its own: less a random part of up to half, too.
  std::int64_t spread_ms(std::int64_t whole_ms);

 private:
  std::int64_t base_ms_;
  std::int64_t most_ms_;
  int failures_ = 0;
  Random random_;
};

}  // namespace sluice::http_client
