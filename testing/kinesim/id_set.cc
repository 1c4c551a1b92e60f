#include "kinesim/id_set.h"

#include "base/bytes.h"

namespace kinesim {
namespace {
constexpr std::size_t kFirstSlots = 64;
}

std::uint64_t IdSet::hash(const sluice::ObjectId& id) {
  std::uint64_t mixed = sluice::load<std::uint64_t>(id.bytes.data() + 4) * 0x9E3779B97F4A7C15ull;
  mixed ^= sluice::load<std::uint32_t>(id.bytes.data()) * 0xC2B2AE3D27D4EB4Full;
  mixed ^= mixed >> 29;
  mixed *= 0xBF58476D1CE4E5B9ull;
  return mixed ^ (mixed >> 32);
}

std::size_t IdSet::place(const std::vector<sluice::ObjectId>& slots, const sluice::ObjectId& id, std::uint64_t hash) {
  const std::size_t mask = slots.size() - 1;
  std::size_t at = static_cast<std::size_t>(hash >> 6) & mask;
  while (!slots[at].is_zero() && slots[at] != id) at = (at + 1) & mask;
  return at;
}

void IdSet::grow(Part& part) {
  std::vector<sluice::ObjectId> larger(part.slots.empty() ? kFirstSlots : 2 * part.slots.size());
  for (const auto& id : part.slots)
    if (!id.is_zero()) larger[place(larger, id, hash(id))] = id;
  part.slots = std::move(larger);
}

bool IdSet::insert(const sluice::ObjectId& id) {
  bool is_new;
  if (id.is_zero()) {
    is_new = zero_count_++ == 0;
  } else {
    const std::uint64_t hashed = hash(id);
    Part& part = parts_[hashed % kParts];
    if (part.used * 4 >= part.slots.size() * 3) grow(part);
    auto& slot = part.slots[place(part.slots, id, hashed)];
    is_new = slot.is_zero();
    if (is_new) {
      slot = id;
      ++part.used;
    } else {
      ++extra_[id];
    }
  }
  ++(is_new ? unique_ : duplicates_);
  return is_new;
}

bool IdSet::contains(const sluice::ObjectId& id) const {
  if (id.is_zero()) return zero_count_ > 0;
  const std::uint64_t hashed = hash(id);
  const Part& part = parts_[hashed % kParts];
  return !part.slots.empty() && !part.slots[place(part.slots, id, hashed)].is_zero();
}

std::uint64_t IdSet::count(const sluice::ObjectId& id) const {
  if (id.is_zero()) return zero_count_;
  if (!contains(id)) return 0;
  const auto found = extra_.find(id);
  return 1 + (found == extra_.end() ? 0 : found->second);
}

}  // namespace kinesim
