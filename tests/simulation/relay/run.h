// One seed: a relay with its disk, its upstream and those whom it serves, through faults and deaths, until it comes to
// rest. What is served must be a state that upstream had, with the selection applied, never older than before; a switch
// reaches every stream.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace sluice::relay_simulation {

struct Outcome {
  std::optional<std::string> broken;  // the promise
  std::uint64_t deaths = 0, restarts = 0, disk_faults = 0, changes = 0, switches = 0;
  std::uint64_t connections = 0;  // to upstream
  std::uint64_t keys = 0, removals = 0, events = 0, refused = 0, cut_off = 0, steps = 0, fingerprint = 0;
  std::int64_t simulated_ms = 0;
};

// `say`: of what happens; null: nobody listens.
Outcome run(std::uint64_t seed, const std::function<void(const std::string&)>& say);

}  // namespace sluice::relay_simulation
