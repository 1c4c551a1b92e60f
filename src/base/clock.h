// Time as a dependency: code that needs the time gets a Clock, so that a test can set it.
#pragma once

#include <cstdint>

namespace sluice {

class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since 1970, UTC. May jump when the machine's clock is set.
  virtual std::int64_t wall_ms() const = 0;
  // Microseconds of a clock that never goes back; for durations and deadlines.
  virtual std::int64_t steady_us() const = 0;
};

// Something that happened while this process ran. Its wall time is the one that the clock showed then; should the clock
// have been set back since, so that this is still to come, it is the one that the clock of today would have shown.
struct Moment {
  std::int64_t wall_ms = 0, steady_us = 0;  // 0: it never happened
  std::int64_t shown_ms(const Clock& clock) const {
    const std::int64_t now_ms = clock.wall_ms();
    return wall_ms <= now_ms ? wall_ms : now_ms - (clock.steady_us() - steady_us) / 1000;
  }
};
inline Moment moment_of(const Clock& clock) { return {clock.wall_ms(), clock.steady_us()}; }

// The machine's clocks. Any thread.
class SystemClock final : public Clock {
 public:
  std::int64_t wall_ms() const override;
  std::int64_t steady_us() const override;
};

// A clock that stands still until it is moved. One thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t wall_ms = 1'700'000'000'000) : wall_ms_(wall_ms) {}
  std::int64_t wall_ms() const override { return wall_ms_; }
  std::int64_t steady_us() const override { return steady_us_; }
  void advance_us(std::int64_t us) {
    steady_us_ += us;
    wall_us_rest_ += us;
    wall_ms_ += wall_us_rest_ / 1000;
    wall_us_rest_ %= 1000;
  }
  void set_wall_ms(std::int64_t wall_ms) { wall_ms_ = wall_ms; }

 private:
  std::int64_t wall_ms_;
  std::int64_t wall_us_rest_ = 0;
  std::int64_t steady_us_ = 1'000'000;
};

}  // namespace sluice
