#include "server/usage_keeper.h"

#include <chrono>

#include "base/log.h"

namespace sluice::server {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;

}  // namespace

UsageKeeper::UsageKeeper(catalog::CatalogStore& store, const exporting::Exporter& exporter, const Clock& clock)
    : store_(store), exporter_(exporter), clock_(clock), thread_([this] { run(); }) {}

UsageKeeper::~UsageKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  notifier_.notify_one();
  thread_.join();
}

void UsageKeeper::run() {
  for (bool last = false; !last;) {
    {
      std::unique_lock lock(mutex_);
      last = notifier_.wait_for(lock, std::chrono::milliseconds(kUsageIntervalMs), [this] { return stopping_; });
    }
    sample();
  }
}

void UsageKeeper::sample() {
  const std::int64_t now_ms = clock_.wall_ms();
  const auto delivered = exporter_.delivered();
  std::vector<catalog::UsageRow> rows;
  for (const auto& [id, sums] : delivered) {
    const event::EventKindCounts& before = written_[id];
    for (const event::EventKindRow& row : event::kEventKinds) {
      const auto kind = static_cast<std::size_t>(row.kind);
      if (sums.by_kind[kind] > before[kind])
        rows.push_back({now_ms - now_ms % kHourMs, id.hex(), std::string(row.name), sums.project_key,
                        sums.environment_key, sums.by_kind[kind] - before[kind]});
    }
  }
  if (rows.empty()) return;
  if (const auto added = store_.add_usage(rows); !added) {
    // Written with the next look: nothing is marked as written.
    if (!failing_) log_warn("usage.not_written", {{"reason", added.error().message}});
    failing_ = true;
    return;
  }
  failing_ = false;
  for (const auto& [id, sums] : delivered) written_[id] = sums.by_kind;
}

}  // namespace sluice::server
