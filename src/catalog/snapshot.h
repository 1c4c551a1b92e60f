// What is configured, as the data path sees it: an immutable snapshot, swapped whole when something changes. Readers
// never wait.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/object_id.h"
#include "base/published.h"
#include "catalog/flag_source.h"
#include "catalog/kind_settings.h"
#include "event/envelope.h"
#include "event/event_rewriter.h"
#include "event/kind.h"

namespace sluice::catalog {

struct Project {
  ObjectId id;
  std::string key;
  std::string name;
  std::string launchdarkly_key;  // what LaunchDarkly calls it, when names are read from there; empty: the same
};

// What its owner declared of one flag in one environment.
struct DeclaredFlag {
  std::optional<bool> exported;  // "send detailed events to data export destinations"
  std::string name;              // empty: none is declared. One that has a name is known before any event names it
  std::vector<std::string> variation_names;
  std::vector<std::string> variation_values;  // JSON, by index
  bool operator==(const DeclaredFlag&) const = default;
};

// Which evaluations of an environment's flags are exported (docs/events.md).
struct FlagExport {
  bool as_sent = true;            // every one that arrives; the rest of this then matters for names alone
  bool new_flags = true;          // what a flag starts with when it is first seen
  std::optional<bool> all_flags;  // known and new ones alike, unless the flag itself says otherwise
  std::unordered_map<std::string, DeclaredFlag> flags;
  bool operator==(const FlagExport&) const = default;
};

struct Environment {
  ObjectId id;  // also the client-side id that browser SDKs put into their paths
  ObjectId project_id;
  std::string project_key;
  std::string key;
  std::string name;
  std::vector<std::string> sdk_keys;  // the current one first; others are old keys that still count
  std::vector<std::string> mobile_keys;
  std::vector<std::string> allowed_origins;  // CORS; empty: any
  std::vector<std::string> allowed_headers;  // CORS; beside the SDKs' own
  FlagExport flag_export;
  FlagSource flag_source;
  // Payloads are stored as they were sent, too, beside their events: a destination of the environment wants them, be it
  // on or off. Set by CatalogSnapshot.
  bool keeps_originals = false;
};

// Only these, unless there are none, and never those.
struct OnlyNever {
  std::vector<std::string> only, never;
  bool operator==(const OnlyNever&) const = default;
};

// Which events of its kinds a destination gets.
struct DestinationFilter {
  OnlyNever flags;   // evaluations, by the flag's key
  OnlyNever events;  // custom, click and pageview, by the event's key
  OnlyNever context_kinds;
  std::uint32_t sample_one_in = 1;  // of the events that report what happened; the rest are always kept
  bool operator==(const DestinationFilter&) const = default;
};

struct Destination {
  ObjectId id;
  ObjectId environment_id;
  std::string name;
  bool on = true;
  bool from_oldest = false;  // a new destination starts at the oldest event kept instead of now
  event::EventKindSet kinds = event::EventKindSet::defaults();
  DestinationFilter filter;
  event::ContextPrivacy privacy;
  event::RecordFields fields;
  std::string project_key, environment_key;  // for records that include them
  std::string kind;                          // its name (catalog/destination_kinds.h)
  KindSettings settings;
  std::string target;      // what it delivers to, for people
  bool ends_lines = true;  // each event ends in a newline
  // Its kind repeats payloads as they were sent: it gets each payload's original, and no events; `kinds` and `filter`
  // do not matter then.
  bool wants_originals = false;
  std::int64_t behind_after_ms = 10'000;  // how old the oldest event gets while all is well
  bool operator==(const Destination&) const = default;
};

class CatalogSnapshot {
 public:
  CatalogSnapshot(std::vector<Project> projects, std::vector<Environment> environments,
                  std::vector<Destination> destinations);
  // With the destinations of `before`, the same list: most changes concern none, and there may be thousands.
  CatalogSnapshot(std::vector<Project> projects, std::vector<Environment> environments, const CatalogSnapshot& before);

  // Null when unknown. Any thread.
  const Environment* by_sdk_key(std::string_view key) const;
  const Environment* by_mobile_key(std::string_view key) const;
  const Environment* by_client_side_id(std::string_view id) const;
  const Environment* environment(ObjectId id) const;
  const Project* project(ObjectId id) const;
  // By key, for people's calls: all are looked at.
  const Environment* environment(std::string_view project_key, std::string_view key) const;
  const Project* project(std::string_view key) const;

  const std::vector<Project>& projects() const { return projects_; }
  const std::vector<Environment>& environments() const { return environments_; }
  const std::vector<Destination>& destinations() const { return *destinations_; }
  // Whether any environment does.
  bool keeps_originals() const { return keeps_originals_; }
  // True: nothing about any destination differs. False says nothing.
  bool has_destinations_of(const CatalogSnapshot& other) const { return destinations_ == other.destinations_; }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  void index_environments();
  void note_who_keeps_originals();
  using ByText = std::unordered_map<std::string, const Environment*, TextHash, std::equal_to<>>;
  std::vector<Project> projects_;
  std::vector<Environment> environments_;
  std::shared_ptr<const std::vector<Destination>> destinations_;
  bool keeps_originals_ = false;
  ByText by_sdk_key_, by_mobile_key_, by_client_side_id_;
};

using CatalogPointer = std::shared_ptr<const CatalogSnapshot>;

// Holds the snapshot in force. Any thread.
class Catalog {
 public:
  // Null until the first publish(): intake answers 503 then, because an unknown key would get 401 and stop for
  // good.
  CatalogPointer current() const { return std::atomic_load_explicit(&current_, std::memory_order_acquire); }
  // Revision of what is current, for readers that keep a copy: cheap to compare.
  std::uint64_t revision() const { return revision_.load(std::memory_order_acquire); }
  // Listeners are called in order on the publishing thread, after the swap.
  void publish(CatalogPointer snapshot);
  void subscribe(std::function<void(const CatalogPointer&)> listener);

  // Environments that store payloads as they were sent although the snapshot has nobody who wants them: for
  // destinations that are set aside (export/set_aside.h). In place of those named before.
  void keep_originals_of(std::set<ObjectId> environments);
  // For the snapshot, or for those.
  bool keeps_originals(const Environment& environment) const {
    return environment.keeps_originals ||
           (keeps_for_absent_.load(std::memory_order_acquire) && kept_for_absent_.get()->contains(environment.id));
  }
  bool keeps_originals(const CatalogSnapshot& snapshot) const {
    return snapshot.keeps_originals() || keeps_for_absent_.load(std::memory_order_acquire);
  }

 private:
  CatalogPointer current_;
  std::atomic<std::uint64_t> revision_{0};
  std::mutex mutex_;
  std::vector<std::function<void(const CatalogPointer&)>> listeners_;
  Published<std::set<ObjectId>> kept_for_absent_{std::make_shared<const std::set<ObjectId>>()};
  std::atomic<bool> keeps_for_absent_{false};  // whether that has any
};

}  // namespace sluice::catalog
