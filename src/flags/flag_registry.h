// The flags of every environment: each is known from the first event that names it, with what was seen of it, and with
// whether its evaluations are exported. What is asked most is read from an entry without a lock. Intake takes the
// registry's lock for a flag that a loop has not met yet: nobody else holds it for longer than kFlagsPerHold flags
// take, however many there are.
//
// Memory is bounded by flags/flag_budget.h. Without room, the oldest flag of the share makes room that was hardly seen
// since, that no owner has chosen, and whose evaluations are exported as those of new flags are: so what is exported
// does not depend on what is remembered. A flag that an owner has chosen is always remembered.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/credential_kind.h"
#include "base/object_id.h"
#include "base/result.h"
#include "catalog/snapshot.h"
#include "flags/flag_budget.h"
#include "flags/flag_description.h"
#include "flags/flag_entry.h"

namespace sluice::flags {

// Flags of one environment that a list shows, or that descriptions are kept of; LaunchDarkly's own projects stay below.
inline constexpr std::size_t kMaxFlags = 50'000;
// LaunchDarkly's keys have 256 characters at most. A longer one is not remembered, unless its
// owner has chosen it.
inline constexpr std::size_t kMaxFlagKeyBytes = 1024;
// SDKs send a flag's summary with its full events, at most some minutes apart. Summaries that continue for this long
// after the last full event say that there are only summaries.
inline constexpr std::int64_t kSummaryOnlyAfterMs = 10 * 60'000;
// Flags that are looked at or changed before the lock is given back: some tens of microseconds.
inline constexpr std::size_t kFlagsPerHold = 256;
// Flags that are looked at to make room for one; beyond it the new one is not remembered.
inline constexpr std::size_t kEvictionTries = 16;

// What is known of a flag, to show. One that was described but not seen yet has no times.
struct FlagFacts {
  std::string key;
  std::string name;  // empty: none known
  bool exported = true;
  std::int64_t first_seen_ms = 0, last_seen_ms = 0;
  std::uint64_t evaluations = 0;
  std::int64_t last_summary_ms = 0;       // 0: no summary named it
  std::uint64_t summarized = 0;           // evaluations that summaries counted; those sent in full are among them
  std::vector<VariationSeen> variations;  // by index
  std::vector<std::string> names;         // of variations, by index; JSON, empty: none
  std::vector<std::string> values;        // of variations as described, by index; JSON, empty: none

  // SDKs count its evaluations and send none of them in full.
  bool summary_only() const {
    return last_summary_ms > 0 && (last_seen_ms == 0 || last_summary_ms - last_seen_ms > kSummaryOnlyAfterMs);
  }
};

// What lists of flags are searched and ordered by.
struct FlagLine {
  std::string_view key;  // valid during the call of `visit`
  std::string name;      // empty: none known
  std::uint64_t evaluations = 0;
  std::int64_t last_seen_ms = 0;  // 0: not seen
};

// Whether evaluations of a flag of which nothing is remembered are exported: its owner's choice goes first. `inside`:
// the key as it stands between its quotes. Pure.
bool exported_by_choice(const catalog::FlagExport& choice, std::string_view inside);

// Any thread.
class FlagRegistry {
 public:
  explicit FlagRegistry(const FlagLimits& limits = {});

  // The flag with this key, created if it is new; null when there is no room for it. `key` as it stands between its
  // quotes. What was seen only with a less trusted credential counts in this one's share afterwards.
  std::shared_ptr<FlagEntry> find(ObjectId environment, std::string_view key, std::int64_t now_ms,
                                  CredentialKind credential = CredentialKind::sdk_key);
  // Flags that made room since the process started: when it grows, entries may be gone().
  std::uint64_t evicted() const { return evicted_.load(std::memory_order_relaxed); }

  // Loads what was declared: names, and which flags are exported. In force for all that arrives after it returns.
  void apply(const catalog::CatalogSnapshot& snapshot);
  // Replaces the descriptions of all flags of an environment; what is declared of a
  // variation's name goes before it. At most kMaxFlags are kept.
  void describe(ObjectId environment, const std::vector<FlagDescription>& flags);

  std::vector<FlagFacts> list(ObjectId environment) const;  // by key
  // The same flags, in no order, for a fraction of the work. `visit` may call the registry.
  void each_line(ObjectId environment, const std::function<void(const FlagLine&)>& visit) const;
  std::optional<FlagFacts> one(ObjectId environment, std::string_view key) const;
  // Of a flag of which nothing is known: what it would be if it was seen now.
  FlagFacts unknown(ObjectId environment, std::string_view key) const;
  // Whether flags that are not known are exported.
  bool new_flags_exported(ObjectId environment) const;
  // Whether this one is, or would be if it was seen now. `key`: the text that it stands for.
  bool exported(ObjectId environment, std::string_view key) const;
  FlagUsages usage() const;
  std::uint64_t forgotten() const;  // of usage(): all that was not remembered

  // What the store saves (flags/flag_store.h has the format): each line ends in a newline. `write` is called without a
  // lock. Not for two callers at a time.
  using WriteLine = std::function<void(std::string_view line)>;
  void save_all(const WriteLine& write);
  // What changed since it was saved last: flags and variations that are new, descriptions; with `counts` also flags
  // whose numbers changed.
  void save_changed(bool counts, const WriteLine& write);
  // Back at start, before apply(). A line that is none is an error, and changes nothing.
  Result<void> load_line(std::string_view line);
  // The same from the JSON of Sluice 0.1, whole. What is not such JSON is an error, and nothing is loaded.
  Result<void> load_json(std::string_view text);

 private:
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Described = std::unordered_map<std::string, FlagDescription, KeyHash, std::equal_to<>>;
  // What was told of an environment's flags. Immutable both: swapped whole, and read without the lock.
  struct Told {
    std::shared_ptr<const catalog::FlagExport> choice = std::make_shared<const catalog::FlagExport>();
    std::shared_ptr<const Described> described = std::make_shared<const Described>();

    // A declaration goes before what was read.
    FlagDescription of(const std::string& key) const;
    std::string name_of(const std::string& key) const;
    bool names(std::string_view key) const;
    bool new_flags() const { return choice->all_flags.value_or(choice->new_flags); }
  };
  // The flags that count in one share, the oldest first; also flags that left it since.
  struct Share {
    Share(std::uint64_t limit, FlagShareBytes& all) : bytes(limit, &all) {}
    FlagShareBytes bytes;
    std::deque<std::shared_ptr<FlagEntry>> queue;
    std::uint64_t popped = 0;  // of the queue's front so far: a place in it is this and an index
  };
  struct Flags {
    explicit Flags(const FlagLimits& limits, std::array<FlagShareBytes, kCredentialKinds>& all);
    Told told;
    std::shared_ptr<const Described> saved_described;  // null: none was saved
    std::shared_ptr<Described> loading;                // what told.described is while lines are loaded
    std::array<Share, kCredentialKinds> shares;
    std::unordered_map<std::string_view, std::shared_ptr<FlagEntry>> by_key;
  };
  // An environment's flags at one moment, to be read without the lock.
  struct Sample {
    Told told;
    std::vector<std::shared_ptr<FlagEntry>> seen;
    std::vector<std::string> only_told;  // keys
  };
  struct LoadedFlag;
  void load(ObjectId environment, LoadedFlag flag);
  static void choose(const Told& told, FlagEntry& flag);
  static FlagFacts facts(const FlagEntry& flag);
  static FlagFacts unseen(const Told& told, const std::string& key);
  static void add_told(const FlagDescription& told, FlagFacts& facts);
  static std::string line_of(ObjectId environment, const FlagEntry& flag, bool remembered);
  Flags& flags_of(ObjectId environment);  // with the lock
  std::shared_ptr<FlagEntry> add(Flags& flags, std::string key, std::int64_t now_ms, CredentialKind credential);
  bool make_room(Flags& flags, CredentialKind credential, std::uint64_t bytes);
  bool evict_one(Flags& flags, Share& share);
  static void enqueue(Share& share, std::shared_ptr<FlagEntry> flag);
  // Hands out all flags, kFlagsPerHold at a time with the lock; some more than once.
  void walk(const Flags& flags, const std::function<void(const std::shared_ptr<FlagEntry>&)>& visit) const;
  Sample sample(ObjectId environment) const;
  std::vector<ObjectId> environments() const;
  void save(bool all, bool counts, const WriteLine& write);
  bool is_told(const catalog::Environment& environment) const;
  // Puts what is told in force, for all that were seen.
  void tell(ObjectId environment, const std::function<void(Told&)>& change);

  const FlagLimits limits_;
  std::array<FlagShareBytes, kCredentialKinds> all_;
  std::array<std::atomic<std::uint64_t>, kCredentialKinds> evicted_by_share_{}, not_remembered_{};
  std::atomic<std::uint64_t> evicted_{0};
  mutable std::mutex mutex_;
  std::map<ObjectId, Flags> environments_;  // guarded by mutex_; none goes
  std::mutex telling_;                      // one change at a time; taken before mutex_
};

}  // namespace sluice::flags
