// The flags of one environment and payload filter: taken from its source, kept on disk, and served to the SDKs that ask
// Sluice for them. One upstream, however many SDKs there are.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/published.h"
#include "catalog/snapshot.h"
#include "flags/flag_registry.h"
#include "http/stream_group.h"
#include "http_client/event_source.h"
#include "http_client/http_stream.h"
#include "relay/flag_data.h"
#include "relay/flag_files.h"
#include "relay/flag_path.h"
#include "relay/flag_store.h"
#include "relay/ping_again.h"
#include "relay/put_wait.h"
#include "relay/served_flags.h"
#include "storage/file_system.h"

namespace sluice::relay {

// What all feeds use. References outlive them.
struct FeedParts {
  storage::FileSystem& files;
  http_client::HttpStreamTransport& streams;
  const Clock& clock;
  const flags::FlagRegistry& flags;
  Notifier& notifier;       // of the worker that steps them
  std::string folder;       // where flag data is kept
  std::string file_folder;  // where flag data files are
  // What upstream addresses may be; null: any that its owner names.
  const http_client::OutboundPolicy* policy = nullptr;
  // A change that concerns all streams of a feed is spread over this, where there are more than kManyStreams.
  std::int64_t spread_ms = 5'000;
};
inline constexpr std::size_t kManyStreams = 1'000;
// Of those, mobile apps and browsers that are told to ask again in a second: upstream is asked as often, over the
// transport's connections to it.
inline constexpr std::size_t kPingsPerS = 250;
// How long after a change it is on disk at the latest, unless writing fails; a burst of changes is one write.
inline constexpr std::int64_t kSaveAfterMs = 1'000;
inline constexpr std::int64_t kSaveAgainMs = 5'000;
inline constexpr std::int64_t kLookAtFilesMs = 1'000;

enum class FeedState : std::uint8_t {
  connecting,  // it has said nothing yet, and that is no problem yet (relay/put_wait.h)
  following,
  behind,    // it is unavailable; what it said last is served
  no_flags,  // it is unavailable, and has said nothing yet
};
inline constexpr std::array kFeedStates = {FeedState::connecting, FeedState::following, FeedState::behind,
                                           FeedState::no_flags};
std::string_view feed_state_name(FeedState state);  // "no flags"; in the API and in metrics

// What is shown of a feed. Times in ms since 1970; 0: not yet.
struct FlagFeedStatus {
  std::string filter;  // empty: none
  bool has_flags = false;
  bool from_disk = false;  // what is served was kept over a restart, and its source has said nothing since
  bool of_former = false;  // what is served came from the source before: this one has said nothing yet
  std::size_t flags = 0, segments = 0;
  std::size_t unreadable = 0;    // flags that are exported and could not be changed: they are served as they came
  std::int64_t changed_ms = 0;   // when what is served changed last
  bool is_connected = false;     // to the upstream; of files: they could be read
  std::int64_t since_ms = 0;     // since when it is, or is not
  std::string problem, remedy;   // why it is not; empty: it is, or that is no problem yet
  std::size_t streams = 0;       // of servers
  std::size_t ping_streams = 0;  // of mobile apps and browsers
  FeedState state() const;
};

// The selection of an environment's flags, as the relay applies it: those that are exported, but none where all
// evaluations are exported that SDKs send.
FlagSelection selection_of(const catalog::Environment& environment, const flags::FlagRegistry& flags);

class FlagFeed final : private http_client::EventSourceReceiver {
 public:
  // With what was kept on disk, if there is something; a payload filter's has it after its first step.
  FlagFeed(const catalog::Environment& environment, std::string filter, const FeedParts& parts);
  ~FlagFeed() override;

  // The worker's thread.

  // The environment was changed: other flags are exported, or they come from elsewhere.
  void change(const catalog::Environment& environment);
  // As a worker's step.
  std::int64_t step();
  // What it has is not on disk any more, and is written again within kSaveAfterMs.
  void save_soon();
  // Its streams end, and what is not saved is. `forget`: its environment has no source any more, or is gone, and what
  // was kept goes.
  void end(bool forget);

  // Any thread.

  // Null: there are none yet.
  std::shared_ptr<const ServedFlags> served() const { return served_->get(); }
  // A stream gets the flags as they are now, once there are some, and every change after that.
  void join_all(const std::shared_ptr<http::HttpStream>& stream);
  // Of a stream that another Sluice asked for: what its answer says of where these flags come from (relay/flag_path.h).
  // The stream ends when that changes.
  std::string join_relayed(const std::shared_ptr<http::HttpStream>& stream);
  void join_flags(const std::shared_ptr<http::HttpStream>& stream);
  // It is told now, and after every change, to ask for its evaluations.
  void join_pings(const std::shared_ptr<http::HttpStream>& stream);
  // A request of a mobile app or browser failed: they are told again later.
  void note_unanswered() {
    if (pings_->count() > 0) ping_again_.note_failure();
  }
  FlagFeedStatus status() const;
  // Whoever is served by it says so.
  void note_use() { used_ms_.store(parts_.clock.wall_ms(), std::memory_order_relaxed); }
  std::int64_t used_ms() const { return used_ms_.load(std::memory_order_relaxed); }

 private:
  struct Shown {
    bool from_disk = false, of_former = false, is_connected = false;
    std::int64_t since_ms = 0;
    std::string problem, remedy;
    Awaited awaited = Awaited::nothing;  // what the problem says
  };

  std::optional<http_client::EventSourceProblem> on_connected(const http_client::HttpStreamHead& head) override;
  Result<void> on_event(http_client::ServerSentEvent event) override;
  void on_problem(const http_client::EventSourceProblem& problem) override;

  http_client::EventSourceSettings source_settings() const;
  void begin_source();
  void leave_former();
  std::int64_t step_source();
  void set_path(FlagPath path);
  void load();
  void look_at_files();
  // Serves what there is now, and tells it to all who listen. `change`: it is this alone.
  void serve(const FlagChange* change);
  void show(bool is_connected, std::string problem, std::string remedy, Awaited awaited = Awaited::nothing);
  std::int64_t spread_ms(const http::StreamGroup& group) const;
  void ping();
  void save();

  const FeedParts& parts_;
  const std::string filter_;
  const std::shared_ptr<http::StreamGroup> all_ = http::StreamGroup::make(), flags_ = http::StreamGroup::make(),
                                           pings_ = http::StreamGroup::make();
  const std::shared_ptr<Published<ServedFlags>> served_ = std::make_shared<Published<ServedFlags>>();
  Published<Shown> shown_{std::make_shared<const Shown>()};
  std::atomic<std::int64_t> used_ms_;
  PingAgain ping_again_;
  const std::string id_ = new_feed_id();
  std::mutex path_mutex_;
  FlagPath path_;                                         // of what its source sends; guarded by path_mutex_
  std::vector<std::weak_ptr<http::HttpStream>> relayed_;  // to other Sluices; guarded by path_mutex_

  // The worker's.
  catalog::Environment environment_;
  FlagSelection selection_;
  FlagData data_;
  catalog::FlagSource told_by_;  // what data_ is of; kind none: there is none
  FlagStore store_;
  storage::UnsavedFile unsaved_;                      // its file
  std::unique_ptr<http_client::EventSource> source_;  // null: its source is files
  bool loads_ = false;                                // with the next step
  bool awaits_put_ = true;                            // of this connection to upstream
  std::uint64_t other_events_ = 0;                    // that came while it did
  Awaited awaited_ = Awaited::nothing;                // after the last step
  std::optional<FlagFiles> files_;
  std::int64_t look_us_ = 0, save_us_ = INT64_MAX;
};

}  // namespace sluice::relay
