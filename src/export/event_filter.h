// Which events of the chosen kinds one destination gets, and how they are changed for it: by flag, event, context kind
// and sampling. A destination that asked for none of it costs one comparison an event.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "catalog/snapshot.h"
#include "event/entry.h"
#include "event/event_rewriter.h"

namespace sluice::exporting {

// One thread.
class EventFilter {
 public:
  explicit EventFilter(const catalog::Destination& destination);

  // Of an event whose kind the destination gets. An original always matches: it is repeated as it was sent, or not at
  // all.
  bool matches(const event::EventSlot& event) {
    return passes_all_ || event.kind == event::EventKind::original || examine(event);
  }
  // The event as this destination gets it; null: as it is, which an original always is.
  std::shared_ptr<const std::string> rewritten(const event::EventSlot& event);

 private:
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Names = std::unordered_set<std::string, KeyHash, std::equal_to<>>;
  // Only those of `only`, unless it is empty, and none of `never`.
  struct Choice {
    Names only, never;
    bool is_active() const { return !only.empty() || !never.empty(); }
    bool matches(std::string_view name) const {
      return (only.empty() || only.find(name) != only.end()) && never.find(name) == never.end();
    }
  };
  static Choice choice_of(const catalog::OnlyNever& names);
  bool examine(const event::EventSlot& event);

  Choice flags_, events_, context_kinds_;
  event::EventRewriter rewriter_;
  bool rewrites_;
  bool passes_all_;
};

// Which events a destination gets, as a text: with the same one, this version of Sluice selects the same events.
std::string selection_of(const catalog::Destination& destination);

}  // namespace sluice::exporting
