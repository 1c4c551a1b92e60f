#include "relay/relay.h"

#include <algorithm>
#include <utility>

#include "relay/flag_store.h"

namespace sluice::relay {
namespace {

using Kind = catalog::FlagSource::Kind;

constexpr std::int64_t kLookForUnusedUs = 60'000'000;

struct SnapshotTracking final : event::FlagTracking {
  explicit SnapshotTracking(std::shared_ptr<const ServedFlags> of) : flags(std::move(of)) {}
  event::TrackedEvaluations tracked(std::string_view key, std::int64_t version) const override {
    return flags->snapshot().tracked_upstream(key, version);
  }
  const std::shared_ptr<const ServedFlags> flags;
};

}  // namespace

Relay::Relay(RelayParts parts)
    : feed_parts_{parts.files,
                  parts.streams,
                  parts.clock,
                  parts.flags,
                  notifier_,
                  parts.data_directory + "/relay",
                  std::move(parts.file_folder),
                  parts.policy},
      worker_(parts.workers.start("relay", notifier_, [this] { return step(); })) {}

Relay::~Relay() { stop(); }

void Relay::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  notifier_.notify();
  if (!worker_) return;
  worker_->join();
  worker_.reset();
  end_those_without_source();
  sweep();
  for (auto& [key, feed] : feeds_) feed->end(false);
}

void Relay::apply(const catalog::CatalogPointer& catalog) {
  {
    const std::lock_guard lock(mutex_);
    for (const catalog::Environment& environment : catalog->environments()) {
      if (environment.flag_source.kind == Kind::none) continue;
      const Key key{environment.id, ""};
      if (!feeds_.contains(key)) feeds_.emplace(key, std::make_shared<FlagFeed>(environment, "", feed_parts_));
    }
    std::erase_if(feeds_, [&](auto& entry) {
      const catalog::Environment* const environment = catalog->environment(entry.first.first);
      if (environment != nullptr && environment->flag_source.kind != Kind::none) return false;
      ending_.emplace_back(entry.first, std::move(entry.second));
      sweeps_ = true;
      return true;
    });
    catalog_ = catalog;
    changed_ = true;
  }
  notifier_.notify();
}

Relay::Found Relay::feed(ObjectId environment, std::string_view filter) {
  const std::lock_guard lock(mutex_);
  const Key key{environment, filter};
  if (const auto found = feeds_.find(key); found != feeds_.end()) return {found->second};
  const catalog::Environment* const configured = catalog_ ? catalog_->environment(environment) : nullptr;
  if (configured == nullptr || configured->flag_source.kind == Kind::none || stopping_) return {nullptr};
  // Flag data files have no filters: all flags are what they say.
  if (configured->flag_source.kind == Kind::files) {
    const auto whole = feeds_.find({environment, ""});
    return {whole == feeds_.end() ? nullptr : whole->second};
  }
  const auto of_environment = [&](const auto& entry) { return entry.first.first == environment; };
  if (std::cmp_greater(std::ranges::count_if(feeds_, of_environment), kMaxFilters))
    return {nullptr, Missing::too_many_filters};
  auto feed = std::make_shared<FlagFeed>(*configured, std::string(filter), feed_parts_);
  feeds_.emplace(key, feed);
  notifier_.notify();
  return {feed};
}

std::shared_ptr<const ServedFlags> Relay::served(ObjectId environment) const {
  const std::lock_guard lock(mutex_);
  const auto found = feeds_.find({environment, ""});
  return found == feeds_.end() ? nullptr : found->second->served();
}

std::vector<FlagFeedStatus> Relay::status(ObjectId environment) const {
  std::vector<std::shared_ptr<FlagFeed>> feeds;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = feeds_.lower_bound({environment, ""}); at != feeds_.end() && at->first.first == environment; ++at)
      feeds.push_back(at->second);
  }
  std::vector<FlagFeedStatus> all;
  all.reserve(feeds.size());
  for (const auto& feed : feeds) all.push_back(feed->status());
  return all;
}

std::shared_ptr<const event::FlagTracking> Relay::of(ObjectId environment) const {
  std::shared_ptr<FlagFeed> feed;
  {
    const std::lock_guard lock(mutex_);
    const auto found = feeds_.find({environment, ""});
    if (found == feeds_.end()) return nullptr;
    feed = found->second;
  }
  auto served = feed->served();
  return served ? std::make_shared<const SnapshotTracking>(std::move(served)) : nullptr;
}

std::int64_t Relay::step() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return kWorkerDone;
  }
  take_catalog();
  drop_unused();
  std::vector<std::shared_ptr<FlagFeed>> feeds;
  {
    const std::lock_guard lock(mutex_);
    feeds.reserve(feeds_.size());
    for (const auto& [key, feed] : feeds_) feeds.push_back(feed);
  }
  std::int64_t wait_us = kLookForUnusedUs;
  for (const auto& feed : feeds) wait_us = std::min(wait_us, feed->step());
  return wait_us;
}

void Relay::end_those_without_source() {
  std::vector<std::pair<Key, std::shared_ptr<FlagFeed>>> ending;
  {
    const std::lock_guard lock(mutex_);
    ending.swap(ending_);
  }
  for (const auto& [key, feed] : ending) {
    feed->end(true);
    // Its environment may have a source again, and a feed that loaded what is removed now.
    const std::lock_guard lock(mutex_);
    if (const auto next = feeds_.find(key); next != feeds_.end()) next->second->save_soon();
  }
}

// At the start, and when an environment's source ends: files of payload filters may be there that this process did not
// load.
void Relay::sweep() {
  catalog::CatalogPointer catalog;
  {
    const std::lock_guard lock(mutex_);
    catalog = catalog_;
    if (!catalog || !std::exchange(sweeps_, false)) return;
  }
  const auto swept = sweep_flag_stores(feed_parts_.folder, feed_parts_.files, [&](ObjectId id) {
    const catalog::Environment* const environment = catalog->environment(id);
    return environment != nullptr && environment->flag_source.kind == Kind::launchdarkly;
  });
  if (swept.empty()) return;
  // As above.
  const std::lock_guard lock(mutex_);
  for (const auto& [key, feed] : feeds_)
    if (std::ranges::find(swept, key.first) != swept.end()) feed->save_soon();
}

void Relay::take_catalog() {
  end_those_without_source();
  sweep();
  catalog::CatalogPointer catalog;
  std::vector<std::pair<const catalog::Environment*, std::shared_ptr<FlagFeed>>> changed;
  {
    const std::lock_guard lock(mutex_);
    catalog = catalog_;
    if (std::exchange(changed_, false))
      for (const auto& [key, feed] : feeds_)
        if (const catalog::Environment* environment = catalog->environment(key.first))
          changed.emplace_back(environment, feed);
  }
  for (const auto& [environment, feed] : changed) feed->change(*environment);
}

void Relay::drop_unused() {
  const std::int64_t now_us = feed_parts_.clock.steady_us();
  if (now_us < look_for_unused_us_) return;
  look_for_unused_us_ = now_us + kLookForUnusedUs;
  const std::int64_t unused_since_ms = feed_parts_.clock.wall_ms() - kFilterUnusedMs;
  const std::lock_guard lock(mutex_);
  std::erase_if(feeds_, [&](auto& entry) {
    if (entry.first.second.empty() || entry.second->used_ms() > unused_since_ms) return false;
    const FlagFeedStatus status = entry.second->status();
    if (status.streams + status.ping_streams > 0) return false;
    ending_.emplace_back(entry.first, std::move(entry.second));
    return true;
  });
}

}  // namespace sluice::relay
