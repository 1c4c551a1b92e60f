#pragma once

#include <cstdint>

namespace sluice::simulation {

// What the operating system's generator gives from now on, in this thread.
void seed_system_random(std::uint64_t seed);

}  // namespace sluice::simulation
