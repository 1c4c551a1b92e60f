#include "export/paused_destinations.h"

#include <utility>
#include <vector>

namespace sluice::exporting {

std::map<ObjectId, Error> PausedDestinations::set(const std::map<ObjectId, catalog::Destination>& off) {
  std::vector<ObjectId> known;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, paused] : paused_) known.push_back(id);
  }
  std::map<ObjectId, Error> failed;
  for (const ObjectId id : known)
    if (auto left = leave(id, off.contains(id)); !left) failed.emplace(id, left.error());
  for (const auto& [id, destination] : off)
    if (auto entered = enter(destination); !entered) failed.emplace(id, entered.error());
  return failed;
}

std::optional<PausedDestinations::Totals> PausedDestinations::balance(ObjectId destination) const {
  const std::lock_guard lock(mutex_);
  const auto found = paused_.find(destination);
  if (found == paused_.end()) return std::nullopt;
  const journal::Cursor& cursor = found->second.cursor();
  return Totals{found->second.balance(), cursor.delivered_bytes, cursor.dead_lettered_bytes};
}

// For the last time, where it comes back: what it missed must be in its cursor before it starts.
Result<void> PausedDestinations::leave(ObjectId destination, bool is_off) {
  const std::lock_guard lock(mutex_);
  const auto found = paused_.find(destination);
  if (found == paused_.end()) return {};
  if (auto sampled = found->second.sample(); !sampled) return sampled;
  if (!is_off) paused_.erase(found);
  return {};
}

// Begun anew when its settings changed: what it misses depends on them.
Result<void> PausedDestinations::enter(const catalog::Destination& destination) {
  const std::lock_guard lock(mutex_);
  const auto known = paused_.find(destination.id);
  if (known != paused_.end() && known->second.destination() == destination) return {};
  auto paused = PausedDestination::begin(destination, cursor_directory_, journal_, files_, sealed_of_(destination.id));
  if (!paused) return tl::unexpected(paused.error());
  if (known != paused_.end()) paused_.erase(known);
  if (*paused) paused_.emplace(destination.id, std::move(**paused));
  return {};
}

void PausedDestinations::sample() {
  std::vector<ObjectId> known;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, paused] : paused_) known.push_back(id);
  }
  for (const ObjectId id : known) {
    const std::lock_guard lock(mutex_);
    if (const auto found = paused_.find(id); found != paused_.end()) (void)found->second.sample();
  }
}

}  // namespace sluice::exporting
