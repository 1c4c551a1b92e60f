#include "export/histories.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace sluice::exporting {
namespace {

// What a crash takes of a history at most.
constexpr std::int64_t kSaveHistoriesUs = 10'000'000;
// Where one could not be written: who frees space on the disk sees the note about it go.
constexpr std::int64_t kSaveHistoriesAgainUs = 5'000'000;
// Read in one call at most, so that the status is not late when there are thousands.
constexpr std::size_t kHistoriesReadAtOnce = 200;

}  // namespace

std::shared_ptr<SharedHistory> Histories::of(ObjectId destination) {
  const std::lock_guard lock(mutex_);
  auto& history = all_[destination];
  if (!history) history = std::make_shared<SharedHistory>(clock_.wall_ms());
  return history;
}

void Histories::keep(Save save) {
  const std::lock_guard keeping(keep_mutex_);
  std::vector<std::pair<ObjectId, std::shared_ptr<SharedHistory>>> all;
  {
    const std::lock_guard lock(mutex_);
    all.assign(all_.begin(), all_.end());
  }
  std::size_t read = 0;
  for (const auto& [id, history] : all) {
    if (history->loaded()) continue;
    if (read++ == kHistoriesReadAtOnce) break;
    history->load(files_, folder_ + "/" + id.hex() + ".history", clock_.wall_ms());
  }
  const std::int64_t now_us = clock_.steady_us();
  if (save == Save::when_due && now_us < save_at_us_) return;
  bool saved = true;
  for (const auto& [id, history] : all) saved &= history->save(clock_.wall_ms());
  save_at_us_ = now_us + (saved ? kSaveHistoriesUs : kSaveHistoriesAgainUs);
}

std::unique_lock<std::mutex> Histories::forget(const std::set<ObjectId>& destinations) {
  std::unique_lock keeping(keep_mutex_);
  const std::lock_guard lock(mutex_);
  for (const ObjectId id : destinations) all_.erase(id);
  return keeping;
}

}  // namespace sluice::exporting
