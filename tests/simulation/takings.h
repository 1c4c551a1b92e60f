// What a destination's far end took, whatever its kind: the ledger compares it with what was promised.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace sluice::simulation {

// A unit is what a destination delivers: an event, known by its mark; of a tee a payload, known by its number.
struct Takings {
  std::map<std::uint64_t, std::map<std::string, std::uint32_t>> ledger;  // unit → id → times
  std::uint64_t taken = 0;                                               // units, repeats counted
  std::uint64_t lost_answer_records = 0;  // taken in calls whose answer was lost: they may come again
  std::uint64_t confirmed = 0;            // units of which it said that it has them already
  std::set<std::uint64_t> refused;        // units that were refused for good: they may be dead letters

  std::uint64_t copies(std::uint64_t unit) const {
    const auto found = ledger.find(unit);
    std::uint64_t copies = 0;
    if (found != ledger.end())
      for (const auto& [id, times] : found->second) copies += times;
    return copies;
  }
  std::uint64_t repeats() const {
    std::uint64_t repeats = 0;
    for (const auto& [unit, ids] : ledger)
      for (const auto& [id, times] : ids) repeats += times - 1;
    return repeats;
  }
};

}  // namespace sluice::simulation
