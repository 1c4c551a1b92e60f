// One flag of one environment: what was seen of it, and whether its evaluations are exported.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/credential_kind.h"
#include "flags/flag_budget.h"

namespace sluice::flags {

// Of a flag, this many variations are kept with the value that was seen; LaunchDarkly allows fewer. A longer value is
// not kept.
inline constexpr std::size_t kMaxVariationsSeen = 64;
inline constexpr std::size_t kMaxValueBytes = 256;
// Of these variations, the first, evaluations are counted one by one.
inline constexpr std::size_t kCountedVariations = 16;

struct VariationSeen {
  std::int64_t index = 0;
  std::string value;              // JSON as sent; empty: too long to keep
  std::uint64_t evaluations = 0;  // of the first kCountedVariations
};

// Any thread. Whoever keeps a pointer asks gone() before each use: a flag that made room for others is known again when
// it is found again.
class FlagEntry {
 public:
  FlagEntry(std::string its_key, std::int64_t seen_ms, bool exported)
      : key(std::move(its_key)), first_seen_ms(seen_ms), exported_(exported) {}

  // One evaluation was seen; new variations are kept while the flag's share has room.
  void seen(std::int64_t now_ms, std::int64_t variation, std::string_view value);
  // A summary counted this many evaluations.
  void summarized(std::int64_t now_ms, std::uint64_t evaluations);
  // Whether its owner wants its evaluations in full.
  bool exported() const { return exported_.load(std::memory_order_relaxed); }
  bool gone() const { return gone_.load(std::memory_order_relaxed); }
  // The most trusted credential that it was seen with: whose share it counts in.
  CredentialKind credential() const { return credential_.load(std::memory_order_relaxed); }
  // The variation's name as JSON with quotes; null: it has none.
  std::shared_ptr<const std::string> variation_name(std::int64_t variation) const;
  bool has_names() const { return has_names_.load(std::memory_order_acquire); }

  const std::string key;
  const std::int64_t first_seen_ms;

 private:
  friend class FlagRegistry;
  // What the store has not saved yet.
  enum class Unsaved : std::uint8_t { nothing, counts, news };
  void changed(Unsaved what) {
    if (unsaved_.load(std::memory_order_relaxed) < what) unsaved_.store(what, std::memory_order_relaxed);
  }
  std::uint64_t times_seen() const {
    return evaluations_.load(std::memory_order_relaxed) + summarized_.load(std::memory_order_relaxed);
  }
  // A variation that was not known; false: its share has no room.
  bool keep_variation(std::int64_t variation, std::string_view value);
  // Counts in this share, and no longer in the one before. Takes its bytes even beyond the limit.
  void move_to(CredentialKind credential, FlagShareBytes& share);
  // Counts in no share any more, and gives back what it held.
  void leave();

  std::atomic<bool> exported_;
  std::atomic<bool> gone_{false};
  std::atomic<CredentialKind> credential_{CredentialKind::sdk_key};
  std::atomic<Unsaved> unsaved_{Unsaved::news};
  bool remembered_ = false;         // what new flags were given when it was first seen; guarded by the registry's mutex
  std::uint64_t times_queued_ = 0;  // times_seen() when it was put last into its share's queue; guarded likewise
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
  FlagShareBytes* share_ = nullptr;  // guarded by mutex_; of the registry; null: it counts in none
  std::uint64_t counted_bytes_ = 0;  // of it in share_; guarded by mutex_
};

}  // namespace sluice::flags
