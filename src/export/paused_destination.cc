#include "export/paused_destination.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "event/entry.h"
#include "export/selection.h"

namespace sluice::exporting {

Result<std::optional<PausedDestination>> PausedDestination::begin(const catalog::Destination& destination,
                                                                  const std::string& cursor_directory,
                                                                  journal::Journal& journal, storage::FileSystem& files,
                                                                  const std::vector<SealedEvents>& sealed) {
  auto cursor_file = journal::CursorFile::open_existing(cursor_directory, destination.id, files);
  if (!cursor_file) return tl::unexpected(cursor_file.error());
  if (!*cursor_file || !(*cursor_file)->loaded()) return std::nullopt;
  PausedDestination paused(destination, journal, std::move(*cursor_file));
  paused.keep_before(sealed);
  return paused;
}

PausedDestination::PausedDestination(const catalog::Destination& destination, journal::Journal& journal,
                                     std::unique_ptr<journal::CursorFile> cursor_file)
    : destination_(destination),
      journal_(&journal),
      cursor_file_(std::move(cursor_file)),
      cursor_(*cursor_file_->loaded()),
      counted_to_(cursor_.position) {
  count_waiting();
}

void PausedDestination::keep_before(const std::vector<SealedEvents>& sealed) {
  const EventPlace cursor{cursor_.position, cursor_.events_done};
  for (const SealedEvents& each : sealed) {
    if (!each.whole || each.last < cursor) continue;
    first_sealed_ = first_sealed_ ? std::min(*first_sealed_, each.first.entry) : each.first.entry;
  }
}

void PausedDestination::count_waiting() {
  start_from(cursor_.position);
  const auto finished = finished_of_first_entry();
  exact_ = exact_ && finished;
  waiting_at_start_ -= std::min(waiting_at_start_, finished.value_or(0));
}

// What waits from there on: what the journal holds, and what it appends from now on.
void PausedDestination::start_from(journal::Position from) {
  const journal::EnvironmentMark mark = journal_->mark(destination_.environment_id);
  const auto count = journal_->count(destination_.environment_id, from, mark.end);
  exact_ = count.has_value();
  waiting_at_start_ = selected(
      destination_, (count ? *count : journal_->count_at_most(destination_.environment_id, from, mark.end)).events);
  appended_at_start_ = selected(destination_, mark.appended);
}

// The entry that the cursor stands in is counted whole.
std::optional<std::uint64_t> PausedDestination::finished_of_first_entry() const {
  if (cursor_.events_done == 0) return 0;
  const auto reader = journal_->reader(destination_.environment_id, cursor_.position);
  const auto chunk = reader->read(1);
  if (!chunk && reader->failure()) return std::nullopt;
  if (!chunk || chunk->entries.empty() || chunk->entries.front().position != cursor_.position) return 0;
  const auto view = event::EntryView::open(chunk->entries.front().entry);
  if (!view) return 0;
  std::uint64_t finished = 0;
  event::EntryView::Walk walk;
  event::EventSlot slot;
  for (std::uint32_t i = 0; i < cursor_.events_done && view->next(walk, slot); ++i)
    finished += selects(destination_, slot);
  return finished;
}

Balance PausedDestination::balance() const {
  const std::uint64_t appended = selected(destination_, journal_->mark(destination_.environment_id).appended);
  Balance balance;
  balance.delivered = cursor_.delivered_events;
  balance.dead_lettered = cursor_.dead_lettered_events;
  balance.missing = cursor_.expired_events;
  balance.filtered = cursor_.filtered_events;
  balance.waiting = waiting_at_start_ + (appended - appended_at_start_);
  balance.accepted = balance.delivered + balance.dead_lettered + balance.missing + balance.filtered + balance.waiting;
  return balance;
}

Result<void> PausedDestination::sample() {
  const journal::Position oldest = journal_->oldest();
  if (oldest <= counted_to_) {
    if (!exact_) count_waiting();
    return {};
  }
  const std::uint64_t waiting_before = waiting_at_start_, appended_before = appended_at_start_;
  start_from(oldest);
  const std::uint64_t expected = waiting_before + (appended_at_start_ - appended_before);
  const std::uint64_t missed = expected > waiting_at_start_ ? expected - waiting_at_start_ : 0;
  journal::Cursor moved = cursor_;
  if (const journal::Position to = first_sealed_ ? std::min(oldest, *first_sealed_) : oldest; to > moved.position) {
    moved.position = to;
    moved.events_done = 0;
  }
  moved.expired_events += missed;
  if (const auto saved = cursor_file_->save(moved); !saved) {
    waiting_at_start_ = waiting_before;
    appended_at_start_ = appended_before;
    return saved;
  }
  cursor_ = moved;
  counted_to_ = oldest;
  if (missed > 0)
    log_warn("destination.missed", {{"destination", destination_.name},
                                    {"events", missed},
                                    {"reason", "it is off, and the journal gave up events that it had not had"}});
  return {};
}

}  // namespace sluice::exporting
