// Who needs the journal from where, and the least of it without a walk through all: thousands of destinations move
// their holds whenever they save a cursor.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "journal/journal.h"

namespace sluice::journal {

// One thread at a time.
class Holds {
 public:
  void set(const std::string& holder, Position needed_from) {
    const auto [found, added] = by_holder_.try_emplace(holder, needed_from);
    if (!added) {
      if (found->second == needed_from) return;
      positions_.erase(positions_.find(found->second));
      found->second = needed_from;
    }
    positions_.insert(needed_from);
  }
  void drop(const std::string& holder) {
    const auto found = by_holder_.find(holder);
    if (found == by_holder_.end()) return;
    positions_.erase(positions_.find(found->second));
    by_holder_.erase(found);
  }
  std::optional<Position> least() const {
    return positions_.empty() ? std::nullopt : std::optional(*positions_.begin());
  }

 private:
  std::map<std::string, Position> by_holder_;
  std::multiset<Position> positions_;
};

}  // namespace sluice::journal
