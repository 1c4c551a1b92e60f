#include "server/usage_keeper.h"

#include <utility>

#include "base/log.h"

namespace sluice::server {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kIntervalUs = kUsageIntervalMs * 1000;

}  // namespace

UsageKeeper::UsageKeeper(catalog::CatalogStore& store, Delivered delivered, const Clock& clock,
                         storage::UnsavedFiles& unsaved, Workers& workers)
    : store_(store),
      delivered_(std::move(delivered)),
      clock_(clock),
      next_us_(clock.steady_us() + kIntervalUs),
      unsaved_(unsaved, storage::UnsavedKind::usage) {
  worker_ = workers.start("usage-keeper", notifier_, [this] { return step(); });
}

UsageKeeper::~UsageKeeper() { stop(); }

void UsageKeeper::stop() {
  if (!worker_) return;
  stopping_ = true;
  notifier_.notify();
  worker_->join();
  worker_.reset();
}

std::int64_t UsageKeeper::step() {
  const bool last = stopping_;
  if (const std::int64_t early_us = next_us_ - clock_.steady_us(); early_us > 0 && !last) return early_us;
  sample();
  next_us_ = clock_.steady_us() + kIntervalUs;
  return last ? kWorkerDone : kIntervalUs;
}

void UsageKeeper::sample() {
  const std::int64_t now_ms = clock_.wall_ms();
  const auto delivered = delivered_();
  std::vector<catalog::UsageRow> rows;
  for (const auto& [id, sums] : delivered) {
    const event::EventKindCounts& before = written_[id];
    for (const event::EventKindRow& row : event::kEventKinds) {
      if (row.kind == event::EventKind::original) continue;  // its events are what is used
      const auto kind = static_cast<std::size_t>(row.kind);
      if (sums.by_kind[kind] > before[kind])
        rows.push_back({now_ms - now_ms % kHourMs, id.hex(), std::string(row.name), sums.project_key,
                        sums.environment_key, sums.by_kind[kind] - before[kind]});
    }
  }
  if (rows.empty()) return;
  if (const auto added = store_.add_usage(rows); !added) {
    // Written with the next sample: nothing is marked as written.
    if (unsaved_.failed(added.error().message)) log_warn("usage.not_written", {{"reason", added.error().message}});
    return;
  }
  unsaved_.saved();
  for (const auto& [id, sums] : delivered) written_[id] = sums.by_kind;
}

}  // namespace sluice::server
