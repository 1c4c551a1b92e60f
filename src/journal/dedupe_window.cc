#include "journal/dedupe_window.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"

namespace sluice::journal {

DedupeWindow::DedupeWindow(std::int64_t window_ms, std::uint32_t key_limit)
    : window_ms_(window_ms),
      salt_(Random::from_system().next()),
      key_limit_(key_limit),
      ring_(16),
      table_(32, kEmpty),
      last_of_ids_(kRememberedIds) {
  SLUICE_CHECK(key_limit >= 16 && (key_limit & (key_limit - 1)) == 0, "a power of two");
}

std::uint64_t DedupeWindow::home(const ObjectId& environment, const DedupeKey& key) const {
  std::uint64_t hash = (load<std::uint64_t>(key.data()) ^ salt_) * 0x9E3779B97F4A7C15ull;
  hash = (hash ^ (hash >> 32) ^ load<std::uint64_t>(key.data() + 8)) * 0xD6E8FEB86659FD93ull;
  hash = (hash ^ (hash >> 32) ^ load<std::uint64_t>(environment.bytes.data() + 4)) * 0xD6E8FEB86659FD93ull;
  return (hash ^ (hash >> 32)) & (table_.size() - 1);
}

std::uint64_t DedupeWindow::slot_of(const ObjectId& environment, const DedupeKey& key) const {
  std::uint64_t slot = home(environment, key);
  while (table_[slot] != kEmpty) {
    const DedupeRecord& record = ring_[table_[slot]];
    if (record.key == key && record.environment == environment) break;
    slot = (slot + 1) & (table_.size() - 1);
  }
  return slot;
}

bool DedupeWindow::contains(const ObjectId& environment, const DedupeKey& key) const {
  return key != DedupeKey{} && table_[slot_of(environment, key)] != kEmpty;
}

bool DedupeWindow::insert(const DedupeRecord& record) {
  reused_id_ = false;
  if (record.key == DedupeKey{}) return true;
  if (contains(record.environment, record.key)) return false;
  if (count_ == ring_.size()) {
    if (count_ < key_limit_) {
      grow();
    } else {
      drop_oldest();
    }
  }
  const auto place = static_cast<std::uint32_t>((oldest_ + count_) & (ring_.size() - 1));
  ring_[place] = record;
  table_[slot_of(record.environment, record.key)] = place;
  ++count_;
  note_id(record);
  return true;
}

void DedupeWindow::note_id(const DedupeRecord& record) {
  const auto id = (load<std::uint64_t>(record.key.data()) ^ load<std::uint64_t>(record.environment.bytes.data() + 4)) *
                  0x9E3779B97F4A7C15ull;
  const auto bytes = load<std::uint64_t>(record.key.data() + 8);
  LastOfId& last = last_of_ids_[(id ^ salt_) >> 32 & (kRememberedIds - 1)];
  reused_id_ = last.id == id && last.bytes != bytes;
  last = {id, bytes};
}

void DedupeWindow::undo_insert() {
  SLUICE_CHECK(count_ > 0, "only what was inserted is taken back");
  const DedupeRecord& newest = ring_[(oldest_ + count_ - 1) & (ring_.size() - 1)];
  erase_slot(slot_of(newest.environment, newest.key));
  --count_;
}

void DedupeWindow::expire(std::int64_t now_ms) {
  while (count_ > 0 && ring_[oldest_].received_ms < now_ms - window_ms_) drop_oldest();
}

void DedupeWindow::drop_oldest() {
  const DedupeRecord& record = ring_[oldest_];
  erase_slot(slot_of(record.environment, record.key));
  oldest_ = static_cast<std::uint32_t>((oldest_ + 1) & (ring_.size() - 1));
  --count_;
}

// Linear probing without tombstones: a later entry that may be in this slot moves up.
void DedupeWindow::erase_slot(std::uint64_t slot) {
  const std::uint64_t mask = table_.size() - 1;
  std::uint64_t hole = slot;
  for (std::uint64_t next = (hole + 1) & mask; table_[next] != kEmpty; next = (next + 1) & mask) {
    const DedupeRecord& record = ring_[table_[next]];
    if (((next - home(record.environment, record.key)) & mask) < ((next - hole) & mask)) continue;
    table_[hole] = table_[next];
    hole = next;
  }
  table_[hole] = kEmpty;
}

void DedupeWindow::grow() {
  std::rotate(ring_.begin(), ring_.begin() + oldest_, ring_.end());
  oldest_ = 0;
  ring_.resize(ring_.size() * 2);
  table_.assign(ring_.size() * 2, kEmpty);
  for (std::uint32_t place = 0; place < count_; ++place)
    table_[slot_of(ring_[place].environment, ring_[place].key)] = place;
}

}  // namespace sluice::journal
