// The flags of every environment: each is known from the first event that names it, with what was seen of it, and with
// whether its evaluations are exported. Intake asks for each evaluation, so an entry never moves and never goes, and
// what is asked most is read without a lock. Intake takes the registry's lock for a flag that a loop has not met yet:
// nobody else holds it for longer than kFlagsPerHold flags take, however many there are.
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

#include "base/object_id.h"
#include "base/result.h"
#include "catalog/snapshot.h"
#include "flags/flag_description.h"

namespace sluice::flags {

// Flags of one environment that are remembered: LaunchDarkly's own projects stay below it. A flag beyond is exported as
// new flags are, and counted in forgotten().
inline constexpr std::size_t kMaxFlags = 50'000;
// LaunchDarkly's keys have 256 characters at most. A longer one is as a flag beyond kMaxFlags: anybody who knows a
// client-side id can send keys, and each that is remembered stays in memory.
inline constexpr std::size_t kMaxFlagKeyBytes = 1024;
// SDKs send a flag's summary with its full events, at most some minutes apart. Summaries that continue for this long
// after the last full event say that there are only summaries.
inline constexpr std::int64_t kSummaryOnlyAfterMs = 10 * 60'000;
// Of a flag, this many variations are kept with the value that was seen; LaunchDarkly allows fewer. A longer value is
// not kept.
inline constexpr std::size_t kMaxVariationsSeen = 64;
inline constexpr std::size_t kMaxValueBytes = 256;
// Flags that are looked at or changed before the lock is given back: some tens of microseconds.
inline constexpr std::size_t kFlagsPerHold = 256;
// Of these variations, the first, evaluations are counted one by one.
inline constexpr std::size_t kCountedVariations = 16;

struct VariationSeen {
  std::int64_t index = 0;
  std::string value;              // JSON as sent; empty: too long to keep
  std::uint64_t evaluations = 0;  // of the first kCountedVariations
};

// One flag of one environment. Any thread.
class FlagEntry {
 public:
  FlagEntry(std::string its_key, std::int64_t seen_ms, bool exported)
      : key(std::move(its_key)), first_seen_ms(seen_ms), exported_(exported) {}

  // One evaluation was seen; new variations are kept.
  void seen(std::int64_t now_ms, std::int64_t variation, std::string_view value);
  // A summary counted this many evaluations.
  void summarized(std::int64_t now_ms, std::uint64_t evaluations);
  // Whether its owner wants its evaluations in full.
  bool exported() const { return exported_.load(std::memory_order_relaxed); }
  // The variation's name as JSON with quotes; null: it has none.
  std::shared_ptr<const std::string> variation_name(std::int64_t variation) const;
  bool has_names() const { return has_names_.load(std::memory_order_acquire); }

  const std::string key;
  const std::int64_t first_seen_ms;

 private:
  friend class FlagRegistry;
  std::atomic<bool> exported_;
  bool remembered_ = false;  // what new flags were given when it was first seen; guarded by the registry's mutex
  std::atomic<bool> has_names_{false};
  std::atomic<std::int64_t> last_seen_ms_{0};
  std::atomic<std::uint64_t> evaluations_{0};
  std::atomic<std::int64_t> last_summary_ms_{0};
  std::atomic<std::uint64_t> summarized_{0};
  std::atomic<std::uint64_t> variations_seen_{0};  // a bit each
  std::array<std::atomic<std::uint64_t>, kCountedVariations> by_variation_{};
  mutable std::mutex mutex_;
  std::vector<VariationSeen> variations_;                  // guarded by mutex_
  std::vector<std::shared_ptr<const std::string>> names_;  // guarded by mutex_
};

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
  std::string key;
  std::string name;  // empty: none known
  std::uint64_t evaluations = 0;
  std::int64_t last_seen_ms = 0;  // 0: not seen
};

class FlagRegistry {
 public:
  // The flag with this key, created if it is new; null when the environment has kMaxFlags already. `key` as it
  // stands between its quotes. The pointer stays valid as long as the registry.
  FlagEntry* find(ObjectId environment, std::string_view key, std::int64_t now_ms);

  // Takes up what was declared: names, and which flags are exported. In force for all that arrives after it returns.
  void apply(const catalog::CatalogSnapshot& snapshot);
  // Replaces the descriptions of all flags of an environment; what is declared of a
  // variation's name goes before it. At most kMaxFlags are kept.
  void describe(ObjectId environment, const std::vector<FlagDescription>& flags);

  std::vector<FlagFacts> list(ObjectId environment) const;  // by key
  // The same flags, in no order, for a fraction of the work.
  std::vector<FlagLine> lines(ObjectId environment) const;
  std::optional<FlagFacts> one(ObjectId environment, std::string_view key) const;
  std::uint64_t forgotten() const { return forgotten_.load(std::memory_order_relaxed); }
  // Whether flags that are not known are exported.
  bool new_flags_exported(ObjectId environment) const;

  // All of it as JSON, and back at start, before apply(). What is not such JSON is an error, and nothing is taken.
  std::string text() const;
  Result<void> take_text(std::string_view text);

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
  };
  struct Flags {
    Told told;
    std::deque<FlagEntry> seen;  // side by side, because lists read them all
    std::unordered_map<std::string_view, FlagEntry*> by_key;
  };
  // An environment's flags at one moment, to be read without the lock. Entries do not go.
  struct Sample {
    Told told;
    std::vector<const FlagEntry*> seen;
    std::vector<std::string> only_told;  // keys
  };
  static void choose(const Told& told, FlagEntry& flag);
  static FlagFacts facts(const FlagEntry& flag);
  static FlagFacts unseen(const Told& told, const std::string& key);
  static void add_told(const FlagDescription& told, FlagFacts& facts);
  Sample sample(ObjectId environment) const;
  std::vector<ObjectId> environments() const;
  // Puts what is told in force, for all that were seen.
  void tell(ObjectId environment, const std::function<void(Told&)>& change);

  mutable std::mutex mutex_;
  std::map<ObjectId, Flags> environments_;  // guarded by mutex_; none goes
  std::mutex telling_;                      // one change at a time; taken before mutex_
  std::atomic<std::uint64_t> forgotten_{0};
};

}  // namespace sluice::flags
