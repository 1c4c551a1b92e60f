// A clock that a test moves by hand while the journal's threads look at it.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace sluice {

class SharedClock final : public Clock {
 public:
  std::int64_t wall_ms() const override { return wall_us_ / 1000; }
  std::int64_t steady_us() const override { return steady_us_; }
  void advance_ms(std::int64_t ms) {
    wall_us_ += ms * 1000;
    steady_us_ += ms * 1000;
  }

 private:
  std::atomic<std::int64_t> wall_us_{1'700'000'000'000'000};
  std::atomic<std::int64_t> steady_us_{1'000'000};
};

}  // namespace sluice
