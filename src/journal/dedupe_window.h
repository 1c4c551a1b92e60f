// Which payloads were stored lately, so that one that an SDK sends again is stored once. One thread.
#pragma once

#include <cstdint>
#include <vector>

#include "journal/journal.h"
#include "journal/segment_summary.h"

namespace sluice::journal {

// Keys remembered at most; beyond it the oldest are forgotten before their time. About 50 bytes each, taken as they
// come. 10,000 payloads a second fill it in 104 seconds; SDKs repeat after one.
inline constexpr std::uint32_t kDedupeKeyLimit = 1u << 20;

// Ids whose last entry is remembered, to tell that another one came under it: two words each.
inline constexpr std::size_t kRememberedIds = 1u << 15;

class DedupeWindow {
 public:
  explicit DedupeWindow(std::int64_t window_ms, std::uint32_t key_limit = kDedupeKeyLimit);

  // Remembers the key unless it is known, and says which: true when it was new. All-zero keys are always new.
  bool insert(const DedupeRecord& record);
  // Whether the key that was inserted last has an id that an entry with other bytes had before, as far as is known.
  bool reused_id() const { return reused_id_; }
  bool contains(const ObjectId& environment, const DedupeKey& key) const;
  // Takes back the last insert that answered true and was not taken back yet.
  void undo_insert();
  // Forgets what was received more than the window before `now_ms`.
  void expire(std::int64_t now_ms);
  std::uint32_t size() const { return count_; }

 private:
  static constexpr std::uint32_t kEmpty = UINT32_MAX;

  std::uint64_t home(const ObjectId& environment, const DedupeKey& key) const;
  // The table's slot with the key's place in the ring, or the empty slot for it.
  std::uint64_t slot_of(const ObjectId& environment, const DedupeKey& key) const;
  void erase_slot(std::uint64_t slot);
  void grow();
  void drop_oldest();
  void note_id(const DedupeRecord& record);

  std::int64_t window_ms_;
  std::uint64_t salt_;  // so that an attacker cannot select payload ids that share one slot
  std::uint32_t key_limit_;
  std::vector<DedupeRecord> ring_;    // in the order of insertion, from oldest_
  std::vector<std::uint32_t> table_;  // open addressing with linear probing into ring_; twice its size
  struct LastOfId {
    std::uint64_t id = 0, bytes = 0;
  };
  std::vector<LastOfId> last_of_ids_;  // by id; one that falls on another's place takes it
  bool reused_id_ = false;
  std::uint32_t oldest_ = 0;
  std::uint32_t count_ = 0;
};

}  // namespace sluice::journal
