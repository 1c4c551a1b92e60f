#include "export/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "export/limits.h"
#include "export/selection.h"

namespace sluice::exporting {
namespace {

journal::Cursor first_cursor(const catalog::Destination& destination, const journal::Journal& journal) {
  journal::Cursor cursor;
  cursor.position = destination.from_oldest ? journal.oldest() : journal.end();
  return cursor;
}

}  // namespace

Pipeline::Pipeline(catalog::Destination destination, journal::Journal& journal,
                   std::unique_ptr<journal::CursorFile> cursor_file, std::unique_ptr<Sink> sink, const Clock& clock,
                   std::optional<ReplayRange> replay)
    : destination_(std::move(destination)),
      replay_(replay),
      hold_name_(destination_.id.hex() + (replay ? "-replay" : "")),
      filter_(destination_),
      journal_(journal),
      clock_(clock),
      cursor_file_(std::move(cursor_file)),
      sink_(std::move(sink)),
      window_(cursor_file_->loaded() ? *cursor_file_->loaded() : first_cursor(destination_, journal)) {
  const journal::Cursor& cursor = window_.cursor();
  journal_.hold(hold_name_, cursor.position);
  reader_ = journal_.reader(destination_.environment_id, cursor.position);
  const journal::EnvironmentMark mark = this->mark();
  const journal::JournalCount backlog = journal_.count(destination_.environment_id, cursor.position, mark.end);
  balance_.start(cursor.delivered_events, cursor.dead_lettered_events, cursor.expired_events, cursor.filtered_events,
                 selected(destination_, backlog.events), selected(destination_, mark.appended));
  backlog_bytes_at_start_ = backlog.bytes;
  appended_bytes_at_start_ = mark.appended_bytes;
  delivered_bytes_ = cursor.delivered_bytes;
  dead_lettered_bytes_ = cursor.dead_lettered_bytes;
  saved_ = current_cursor();
  // A new destination's place is kept from now on, not from its first delivery.
  if (!cursor_file_->loaded()) save_cursor();
  next_entry();  // so that what an entry's first part already delivered is known before the first look at the balance
}

journal::EnvironmentMark Pipeline::mark() const {
  journal::EnvironmentMark mark;
  if (!replay_) return journal_.mark(destination_.environment_id);
  mark.end = replay_->end;
  return mark;
}

bool Pipeline::next_entry() {
  while (!read_all_of_replay_) {
    if (!chunk_ || next_in_chunk_ == chunk_->entries.size()) {
      chunk_ = reader_->read(kReadBytes);
      next_in_chunk_ = 0;
      if (!chunk_) return false;
    }
    const journal::JournalEntry& stored = chunk_->entries[next_in_chunk_++];
    if (replay_) {
      read_all_of_replay_ = stored.position >= replay_->end;
      if (read_all_of_replay_) return false;
      if (stored.received_ms < replay_->from_ms || stored.received_ms > replay_->to_ms) {
        passed_bytes_ += stored.entry.size();
        continue;
      }
    }
    auto view = event::EntryView::open(stored.entry);
    if (!view) {
      // The journal's checksum held, so these bytes are what was written: a fault of the writer, told once, and not in
      // the others' way.
      log_error(
          "export.entry_unreadable",
          {{"destination", destination_.name}, {"position", stored.position.value}, {"reason", view.error().message}});
      continue;
    }
    auto entry = std::make_shared<OutboundEntry>();
    entry->chunk = chunk_;
    entry->position = stored.position;
    entry->view = *view;
    entry->envelope =
        event::EnvelopeWriter(*view, event::EnvelopeOptions{destination_.kinesis.newline, destination_.fields,
                                                            destination_.project_key, destination_.environment_key});
    entry_ = std::move(entry);
    walk_ = {};
    const journal::Cursor& cursor = window_.cursor();
    const bool resumed = window_.size() == 0 && cursor.position == stored.position && cursor.events_done > 0;
    window_.begin_entry(stored.position, stored.next, stored.received_ms, stored.entry.size(), view->event_count());
    if (resumed) {
      event::EventSlot slot;
      std::uint64_t finished_before = 0;
      for (std::uint32_t i = 0; i < cursor.events_done && entry_->view.next(walk_, slot); ++i)
        finished_before += selects(destination_, slot);
      balance_.already_finished(finished_before);
    }
    return true;
  }
  return false;
}

void Pipeline::feed() {
  while (window_.size() < kMaxWindowEvents && sink_->has_room()) {
    if (!entry_) {
      const journal::EnvironmentMark mark = this->mark();
      if (!next_entry()) {
        reconcile(mark);
        return;
      }
    }
    event::EventSlot slot;
    if (!entry_->view.next(walk_, slot)) {
      entry_.reset();
      continue;
    }
    if (!selects(destination_, slot)) {
      window_.add_passed();
    } else if (!filter_.matches(slot)) {
      window_.add_filtered();
      balance_.filtered(1);
    } else {
      auto rewritten = filter_.rewritten(slot);
      if (rewritten) slot.json = *rewritten;
      sink_->put({window_.add_pending(slot.kind), entry_, slot, std::move(rewritten)});
    }
  }
}

// Nothing is left to read before `mark`. If nothing is on its way either, then what still seems to wait does not exist
// any more.
void Pipeline::reconcile(const journal::EnvironmentMark& mark) {
  if (window_.size() > 0 || reader_->position() < mark.end) return;
  window_.move_to(reader_->position());
  const std::uint64_t gone = balance_.settle(selected(destination_, mark.appended));
  if (replay_) finished_replay_ = true;  // what is left over was outside its span
  if (gone == 0 || replay_) return;
  log_error("export.events_missing", {{"destination", destination_.name},
                                      {"events", gone},
                                      {"reason",
                                       "the journal no longer holds them: they were damaged on disk, or the "
                                       "destination was off for longer than retention keeps events"}});
}

void Pipeline::settle() {
  std::uint64_t delivered = 0;
  for (const FinishedEvent& event : finished_) {
    window_.finish(event.ticket, event.delivered, event.bytes);
    delivered += event.delivered;
    (event.delivered ? delivered_bytes_ : dead_lettered_bytes_) += event.bytes;
  }
  balance_.delivered(delivered);
  balance_.dead_lettered(finished_.size() - delivered);
  if (delivered > 0) last_delivery_ms_ = clock_.wall_ms();
  finished_.clear();
  window_.advance(passed_);
  note_passed();
}

void Pipeline::note_passed() {
  if (passed_.empty()) return;
  const std::int64_t now_ms = clock_.wall_ms();
  for (const DeliveryWindow::PassedEntry& entry : passed_) {
    passed_bytes_ += entry.bytes;
    if (entry.delivered == 0) continue;
    const std::int64_t latency_ms = std::max<std::int64_t>(now_ms - entry.received_ms, 0);
    const auto bucket = std::lower_bound(std::begin(kLatencyBucketsMs), std::end(kLatencyBucketsMs), latency_ms) -
                        std::begin(kLatencyBucketsMs);
    latency_counts_[bucket] += entry.delivered;
    latency_sum_ms_ += static_cast<std::uint64_t>(latency_ms) * entry.delivered;
  }
  passed_.clear();
}

journal::Cursor Pipeline::current_cursor() const {
  journal::Cursor cursor = window_.cursor();
  cursor.expired_events = balance_.missing();
  return cursor;
}

// Saves the cursor if it is time to. Returns when it will be, INT64_MAX when there is nothing to save.
std::int64_t Pipeline::save_cursor_if_due(std::int64_t now_us) {
  const journal::Cursor cursor = current_cursor();
  if (cursor == saved_) return INT64_MAX;
  journal::Cursor moved_only = saved_;
  moved_only.position = cursor.position;
  moved_only.events_done = cursor.events_done;
  // Nothing was finished: other environments' entries passed by. No hurry, and not worth waking up for.
  const bool idle_move = cursor == moved_only;
  const std::int64_t due_us = saved_us_ + (idle_move ? kIdleCursorIntervalUs : kCursorIntervalUs);
  if (now_us < due_us) return idle_move ? INT64_MAX : due_us;
  save_cursor();
  return INT64_MAX;
}

void Pipeline::save_cursor() {
  const journal::Cursor cursor = current_cursor();
  saved_us_ = clock_.steady_us();
  if (const auto saved = cursor_file_->save(cursor); !saved) {
    const std::int64_t now_ms = clock_.wall_ms();
    if (!cursor_problem_) {
      log_error("export.cursor_not_saved", {{"destination", destination_.name}, {"reason", saved.error().message}});
      cursor_problem_ = Problem{Problem::Weight::note,
                                "cursor_not_saved",
                                saved.error().message,
                                "Delivery goes on, but a restart would deliver again what was delivered since. Free "
                                "space on the data directory's disk, or mend it.",
                                "",
                                now_ms,
                                now_ms,
                                0,
                                0};
    }
    cursor_problem_->last_seen_ms = now_ms;
    ++cursor_problem_->times;
    return;
  }
  cursor_problem_.reset();
  saved_ = cursor;
  journal_.hold(hold_name_, cursor.position);
}

std::int64_t Pipeline::step() {
  const std::lock_guard lock(mutex_);
  const std::int64_t now_us = clock_.steady_us();
  if (!stopping_) feed();
  std::int64_t deadline_us = sink_->step(now_us, finished_);
  const bool moved = !finished_.empty();
  settle();
  if (stopping_) {
    deadline_us = std::min(deadline_us, stop_deadline_us_);
  } else if (moved && (entry_ || window_.size() < kMaxWindowEvents)) {
    deadline_us = std::min(deadline_us, now_us);  // there is room again: read on at once
  }
  return std::min(deadline_us, save_cursor_if_due(now_us));
}

void Pipeline::stop() {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  stopping_ = true;
  stop_deadline_us_ = clock_.steady_us() + kStopGraceUs;
  sink_->stop();
}

bool Pipeline::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopping_ && (sink_->stats().calls_in_flight == 0 || clock_.steady_us() >= stop_deadline_us_);
}

void Pipeline::close() {
  const std::lock_guard lock(mutex_);
  if (!(current_cursor() == saved_)) save_cursor();
}

PipelineStatus Pipeline::status() const {
  const std::lock_guard lock(mutex_);
  PipelineStatus status;
  const journal::EnvironmentMark mark = this->mark();
  status.balance = balance_.sample(selected(destination_, mark.appended));
  status.delivered_bytes = delivered_bytes_;
  status.dead_lettered_bytes = dead_lettered_bytes_;
  const std::uint64_t entered = backlog_bytes_at_start_ + (mark.appended_bytes - appended_bytes_at_start_);
  status.waiting_bytes = status.balance.waiting == 0 || entered < passed_bytes_ ? 0 : entered - passed_bytes_;
  if (status.balance.waiting > 0) status.oldest_received_ms = window_.oldest_received_ms();
  status.last_delivery_ms = last_delivery_ms_;
  status.position = window_.cursor().position;
  status.delivered_by_kind = window_.delivered_by_kind();
  status.finished = finished_replay_;
  std::copy(std::begin(latency_counts_), std::end(latency_counts_), std::begin(status.latency_counts));
  status.latency_sum_ms = latency_sum_ms_;
  status.problem = sink_->problem();
  status.notes = sink_->notes();
  if (cursor_problem_) status.notes.push_back(*cursor_problem_);
  status.sink = sink_->stats();
  return status;
}

}  // namespace sluice::exporting
