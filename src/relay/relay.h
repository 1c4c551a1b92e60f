// Flag delivery: SDKs take their flags through Sluice, and get them with tracking switched on for the flags whose
// evaluations are exported (docs/relay.md). One feed (relay/flag_feed.h) an environment and payload filter, all stepped
// by one worker.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/object_id.h"
#include "base/worker.h"
#include "catalog/snapshot.h"
#include "event/upstream_tracking.h"
#include "flags/flag_registry.h"
#include "http_client/http_stream.h"
#include "http_client/outbound_policy.h"
#include "relay/flag_feed.h"
#include "storage/file_system.h"

namespace sluice::relay {

// Payload filters of one environment that are followed at the same time, each with an upstream stream and its own copy
// of the flags. LaunchDarkly's accounts have a handful.
inline constexpr std::size_t kMaxFilters = 8;
// A payload filter that nobody asked for this long, and has no stream, is followed no longer.
inline constexpr std::int64_t kFilterUnusedMs = 3'600'000;

struct RelayParts {
  storage::FileSystem& files;
  http_client::HttpStreamTransport& streams;
  const Clock& clock;
  const flags::FlagRegistry& flags;
  std::string data_directory;
  std::string file_folder;  // of flag data files
  const http_client::OutboundPolicy* policy = nullptr;
  Workers& workers = worker_threads();
};

// Any thread. References outlive it, and the listener whose streams it feeds goes before it or drains before stop().
class Relay final : public event::UpstreamTracking {
 public:
  explicit Relay(RelayParts parts);
  ~Relay() override;

  // Another catalog. New sources are there when it returns, with what was kept on disk; flags that are exported now, or
  // not any more, reach SDKs with the next step.
  void apply(const catalog::CatalogPointer& catalog);
  // Stops following upstreams, saves what is not saved, and ends all streams. Not for two callers at a time.
  void stop();

  enum class Missing : std::uint8_t { no_source, too_many_filters };
  struct Found {
    std::shared_ptr<FlagFeed> feed;  // null: why is in `missing`
    Missing missing = Missing::no_source;
  };
  // A filter that nobody asked for yet is followed from now on.
  Found feed(ObjectId environment, std::string_view filter);
  // The flags of the whole environment as SDKs are served them now; null: none yet, or it has no source.
  std::shared_ptr<const ServedFlags> served(ObjectId environment) const;
  // By filter, the whole environment first. Empty: it has no source.
  std::vector<FlagFeedStatus> status(ObjectId environment) const;

  // Of the whole environment: a payload filter's flags are among these. Also after stop().
  std::shared_ptr<const event::FlagTracking> of(ObjectId environment) const override;

  const flags::FlagRegistry& flags() const { return feed_parts_.flags; }

 private:
  using Key = std::pair<ObjectId, std::string>;  // environment and filter

  std::int64_t step();
  void take_catalog();
  void end_those_without_source();
  void sweep();
  void drop_unused();

  Notifier notifier_;
  const FeedParts feed_parts_;
  mutable std::mutex mutex_;
  std::map<Key, std::shared_ptr<FlagFeed>> feeds_;                 // guarded by mutex_
  std::vector<std::pair<Key, std::shared_ptr<FlagFeed>>> ending_;  // what they kept goes; guarded by mutex_
  catalog::CatalogPointer catalog_;                                // guarded by mutex_
  bool changed_ = false, stopping_ = false;                        // guarded by mutex_
  bool sweeps_ = true;                   // files of environments without a source may be there; guarded by mutex_
  std::int64_t look_for_unused_us_ = 0;  // the worker's
  std::unique_ptr<Worker> worker_;
};

}  // namespace sluice::relay
