// A set of 12-byte ids that stays small and fast for tens of millions: open addressing in 64 parts, so that no single
// growth stalls long. Ids seen more than once are counted. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/object_id.h"

namespace kinesim {

class IdSet {
 public:
  // True when the id is new.
  bool insert(const sluice::ObjectId& id);
  bool contains(const sluice::ObjectId& id) const;
  // How often the id was inserted.
  std::uint64_t count(const sluice::ObjectId& id) const;
  std::uint64_t unique() const { return unique_; }
  std::uint64_t duplicates() const { return duplicates_; }
  void clear() { *this = IdSet(); }

  // Calls visit(id, count) for every id of a part; there are kParts.
  static constexpr std::size_t kParts = 64;
  template <typename Visit>
  void visit_part(std::size_t part, Visit&& visit) const {
    if (part == 0 && zero_count_ > 0) visit(sluice::ObjectId{}, zero_count_);
    for (const auto& slot : parts_[part].slots)
      if (!slot.is_zero()) visit(slot, count(slot));
  }

 private:
  struct Part {
    std::vector<sluice::ObjectId> slots;  // a power of two; zero: free
    std::size_t used = 0;
  };
  static std::uint64_t hash(const sluice::ObjectId& id);
  static std::size_t place(const std::vector<sluice::ObjectId>& slots, const sluice::ObjectId& id, std::uint64_t hash);
  static void grow(Part& part);

  std::array<Part, kParts> parts_;
  std::unordered_map<sluice::ObjectId, std::uint64_t, sluice::ObjectIdHash> extra_;  // beyond the first
  std::uint64_t zero_count_ = 0;
  std::uint64_t unique_ = 0;
  std::uint64_t duplicates_ = 0;
};

}  // namespace kinesim
