// A small, fast generator (xoshiro256++) for jitter, partition keys and tests: seedable, so that a run can be replayed.
// Not for secrets: those come from random_secret_bytes(). One generator belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

class Random {
 public:
  explicit Random(std::uint64_t seed);
  // Seeded from the operating system.
  static Random from_system();

  std::uint64_t next();
  // Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
  // Uniform in [0, 1).
  double unit();

 private:
  std::uint64_t state_[4];
};

// Bytes from the operating system's generator, fit for keys and external ids. Any thread.
void random_secret_bytes(void* out, std::size_t size);

}  // namespace sluice
