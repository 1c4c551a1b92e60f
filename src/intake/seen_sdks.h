// Which SDKs were seen, by environment, since the process started: what they call themselves, what they send here and
// whether they take their flags from here too. For people who set SDKs up; nothing else depends on it.
//
// Whoever has a page has its client-side id, and can call himself anything. So what came with one kind of credential
// has a share of its own, and makes room in that alone: the SDK of the share that was not seen for the longest time
// goes. Texts are cut and hold printable ASCII alone.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/credential_kind.h"
#include "base/object_id.h"
#include "http/server.h"

namespace sluice::intake {

// Of one environment and kind of credential: a company has some languages, in some versions each.
inline constexpr std::size_t kMaxSeenSdks = 200;
// Of one kind of credential in all environments, some 300 bytes each: 6 MiB.
inline constexpr std::size_t kMaxSeenSdksOfKind = 20'000;
// Of a user agent or a wrapper's name this much is read; SDKs' own have some 30 bytes.
inline constexpr std::size_t kMaxSdkTextBytes = 96;

// What an SDK calls itself. Pure.
struct SdkName {
  std::string name, version;  // "NodeJSClient", "9.7.1"; both empty: it does not say, as streams of browsers do
  std::string wrapper;        // "react-native/10.1.0"; empty: none
  auto operator<=>(const SdkName&) const = default;
};
SdkName sdk_name(std::string_view user_agent, std::string_view wrapper);

// What is shown of one. Times in ms since 1970; 0: never.
struct SeenSdkLine {
  SdkName sdk;
  CredentialKind credential = CredentialKind::sdk_key;
  std::int64_t first_seen_ms = 0, last_seen_ms = 0;
  std::int64_t sent_events_ms = 0;  // analytics or diagnostic events
  std::int64_t asked_flags_ms = 0;  // polls, and what mobile apps and browsers ask at their start
  std::int64_t streamed_ms = 0;     // its last stream began or ended
  std::size_t streams = 0;          // open now
  bool asks_values_only = false;    // by paths of before tracking: an SDK that is too old
};

// Any thread.
class SeenSdk {
 public:
  SeenSdk(SdkName sdk, CredentialKind credential, std::int64_t now_ms)
      : sdk_(std::move(sdk)), credential_(credential), first_seen_ms_(now_ms), last_seen_ms_(now_ms) {}
  // It asked for flags, and there are none for it here.
  void asked_in_vain(std::int64_t now_ms) { last_seen_ms_.store(now_ms, std::memory_order_relaxed); }
  void sent_events(std::int64_t now_ms) { note(sent_events_ms_, now_ms); }
  void asked_flags(std::int64_t now_ms) { note(asked_flags_ms_, now_ms); }
  void asked_values_only(std::int64_t now_ms) {
    values_only_.store(true, std::memory_order_relaxed);
    asked_flags(now_ms);
  }
  void stream_began(std::int64_t now_ms) {
    streams_.fetch_add(1, std::memory_order_relaxed);
    note(streamed_ms_, now_ms);
  }
  void stream_ended(std::int64_t now_ms) {
    streams_.fetch_sub(1, std::memory_order_relaxed);
    note(streamed_ms_, now_ms);
  }
  std::size_t streams() const { return streams_.load(std::memory_order_relaxed); }
  std::int64_t last_seen_ms() const { return last_seen_ms_.load(std::memory_order_relaxed); }
  // It made room for another: whoever keeps a pointer finds it again.
  bool gone() const { return gone_.load(std::memory_order_relaxed); }
  SeenSdkLine line() const;

 private:
  friend class SeenSdks;
  using Time = std::atomic<std::int64_t>;
  // Loops do not write to the same line of cache with every payload.
  static constexpr std::int64_t kNoteEveryMs = 1'000;
  void note(Time& time, std::int64_t now_ms) {
    const std::int64_t since_ms = now_ms - time.load(std::memory_order_relaxed);
    if (since_ms >= 0 && since_ms < kNoteEveryMs) return;  // below 0: the clock was set back
    time.store(now_ms, std::memory_order_relaxed);
    last_seen_ms_.store(now_ms, std::memory_order_relaxed);
  }

  const SdkName sdk_;
  const CredentialKind credential_;
  const std::int64_t first_seen_ms_;
  Time last_seen_ms_, sent_events_ms_{0}, asked_flags_ms_{0}, streamed_ms_{0};
  std::atomic<std::size_t> streams_{0};
  std::atomic<bool> values_only_{false}, gone_{false};
};

// Any thread.
class SeenSdks {
 public:
  // Created if it is new; null: there is no room for it.
  std::shared_ptr<SeenSdk> find(ObjectId environment, CredentialKind credential, const SdkName& sdk,
                                std::int64_t now_ms);
  // By credential, name, version and wrapper. `now_ms`: an SDK with a stream is seen now.
  std::vector<SeenSdkLine> list(ObjectId environment, std::int64_t now_ms) const;
  // SDKs of the environment that had to go, or for which there was no room, since the process started.
  std::uint64_t forgotten(ObjectId environment) const;

 private:
  using Share = std::map<SdkName, std::shared_ptr<SeenSdk>>;
  struct OfEnvironment {
    std::array<Share, kCredentialKinds> shares;
    std::uint64_t forgotten = 0;
  };
  static bool make_room(Share& share);

  mutable std::mutex mutex_;
  std::map<ObjectId, OfEnvironment> environments_;      // guarded by mutex_; of those in the catalog: bounded by it
  std::array<std::size_t, kCredentialKinds> counts_{};  // guarded by mutex_
};

// One loop's: finds an SDK again without a lock. One thread.
class SeenSdkCache {
 public:
  explicit SeenSdkCache(SeenSdks& sdks) : sdks_(sdks) {}
  // Of an authenticated request. Null: there is no room for it. Valid until the next call.
  SeenSdk* of(const http::HttpRequest& request, ObjectId environment, CredentialKind credential, std::int64_t now_ms);
  // To keep it.
  std::shared_ptr<SeenSdk> shared_of(const http::HttpRequest& request, ObjectId environment, CredentialKind credential,
                                     std::int64_t now_ms);

 private:
  struct Slot {
    ObjectId environment;
    CredentialKind credential = CredentialKind::none;
    std::string user_agent, wrapper;  // as they came, cut
    std::shared_ptr<SeenSdk> sdk;
  };
  // A server's SDKs in its versions; one more finds its entry with the lock.
  static constexpr std::size_t kSlots = 256;

  SeenSdks& sdks_;
  std::vector<Slot> slots_{kSlots};
};

}  // namespace sluice::intake
