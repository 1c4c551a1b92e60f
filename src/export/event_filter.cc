#include "export/event_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "event/json_scalar.h"
#include "export/selection.h"

namespace sluice::exporting {

EventFilter::Choice EventFilter::choice_of(const catalog::OnlyNever& names) {
  return {{names.only.begin(), names.only.end()}, {names.never.begin(), names.never.end()}};
}

EventFilter::EventFilter(const catalog::Destination& destination)
    : flags_(choice_of(destination.filter.flags)),
      events_(choice_of(destination.filter.events)),
      context_kinds_(choice_of(destination.filter.context_kinds)),
      rewriter_(destination.privacy, destination.filter.sample_one_in),
      rewrites_(destination.privacy.is_active() || destination.filter.sample_one_in > 1),
      passes_all_(!flags_.is_active() && !events_.is_active() && !context_kinds_.is_active() &&
                  destination.filter.sample_one_in <= 1) {}

bool EventFilter::examine(const event::EventSlot& event) {
  const Choice& by_key = event::is_evaluation(event.kind) ? flags_ : events_;
  const bool has_key = event::is_evaluation(event.kind) || event.kind == event::EventKind::custom ||
                       event.kind == event::EventKind::click || event.kind == event::EventKind::pageview;
  if (has_key && by_key.is_active()) {
    const bool escaped = event.key.find('\\') != std::string_view::npos;
    if (!(escaped ? by_key.matches(event::json_unescaped(event.key)) : by_key.matches(event.key))) return false;
  }
  if (!rewriter_.keeps(event)) return false;
  if (!context_kinds_.is_active()) return true;
  // With several kinds, one that is never wanted decides; one that is wanted is enough.
  const std::vector<std::string>& kinds = rewriter_.context_kinds(event);
  if (kinds.empty()) return true;
  if (std::any_of(kinds.begin(), kinds.end(),
                  [this](const std::string& kind) { return context_kinds_.never.count(kind) > 0; }))
    return false;
  return context_kinds_.only.empty() || std::any_of(kinds.begin(), kinds.end(), [this](const std::string& kind) {
           return context_kinds_.only.count(kind) > 0;
         });
}

std::shared_ptr<const std::string> EventFilter::rewritten(const event::EventSlot& event) {
  if (!rewrites_ || event.kind == event::EventKind::original) return nullptr;
  auto out = std::make_shared<std::string>();
  out->reserve(event.json.size() + 64);
  rewriter_.rewrite(event, *out);
  return out;
}

std::string selection_of(const catalog::Destination& destination) {
  std::string text;
  for (const event::EventKindRow& row : event::kEventKinds) text += selects(destination, row.kind) ? '1' : '0';
  const catalog::DestinationFilter& filter = destination.filter;
  for (const catalog::OnlyNever* names : {&filter.flags, &filter.events, &filter.context_kinds})
    for (const auto& [what, list] : {std::pair{"only", &names->only}, std::pair{"never", &names->never}}) {
      fmt::format_to(std::back_inserter(text), "\n{} {}", what, list->size());
      for (const std::string& name : *list) fmt::format_to(std::back_inserter(text), " {}:{}", name.size(), name);
    }
  return fmt::format("{}\nsample {}", text, filter.sample_one_in);
}

}  // namespace sluice::exporting
