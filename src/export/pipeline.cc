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

EventPlace place_of(const journal::Cursor& cursor) { return {cursor.position, cursor.events_done}; }

}  // namespace

Pipeline::Pipeline(catalog::Destination destination, journal::Journal& journal,
                   std::unique_ptr<journal::CursorFile> cursor_file, std::unique_ptr<Sink> sink, const Clock& clock,
                   std::optional<ReplayRange> replay, CursorSyncs* syncs)
    : destination_(std::move(destination)),
      replay_(replay),
      hold_name_(destination_.id.hex() + (replay ? "-replay" : "")),
      filter_(destination_),
      journal_(journal),
      clock_(clock),
      syncs_(syncs),
      cursor_file_(std::move(cursor_file)),
      sink_(std::move(sink)),
      journal_problem_(destination_.name, clock),
      window_(cursor_file_->loaded() ? *cursor_file_->loaded() : first_cursor(destination_, journal)),
      balance_(window_.cursor().expired_events) {
  saved_ = noted_ = window_.cursor();
  sink_->can_read_again([this](std::uint64_t ticket, const EventPlace& place) { return read_again(ticket, place); });
  begin_at_cursor();
  // A new destination's place is kept from now on, not from its first delivery.
  if (!cursor_file_->loaded())
    save_cursor();
  else
    sink_->cursor_saved(place_of(saved_));
  // So that what an entry's first part already delivered is known before the first look at the balance. A cursor that
  // waits stands in no entry that is there.
  if (count_backlog() && !waits_for_held_) next_entry();
  publish(clock_.steady_us());
}

void Pipeline::begin_at_cursor() {
  const journal::Cursor& cursor = window_.cursor();
  journal_.hold(hold_name_, saved_.position);
  reader_ = journal_.reader(destination_.environment_id, cursor.position);
  read_to_ = cursor.position;
  behind_loss_ = false;
  chunk_ = nullptr;
  next_in_chunk_ = 0;
  entry_ = nullptr;
  walk_ = {};
  read_all_of_replay_ = false;
  // So much at most until it is counted: something that waits is never told to be done.
  const journal::EnvironmentMark mark = this->mark();
  start_balance(mark, journal_.count_at_most(destination_.environment_id, cursor.position, mark.end));
  counted_ = false;
  readable_from_ = journal_.oldest();
  waits_for_held_ = missed_while_off_ = cursor.position < readable_from_;
  held_ = {};
  passed_bytes_ = 0;
  delivered_bytes_ = cursor.delivered_bytes;
  dead_lettered_bytes_ = cursor.dead_lettered_bytes;
  sink_->begin(place_of(cursor));
}

void Pipeline::restart_sink_if_due(std::int64_t now_us) {
  if (!sink_->must_restart() || now_us < restart_not_before_us_) return;
  const EventPlace place = place_of(window_.cursor());
  if (place != restarted_at_) restarts_ = 0;
  restarted_at_ = place;
  const auto doublings = std::min<std::uint32_t>(restarts_++, 8);
  restart_not_before_us_ = now_us + std::min(kSinkRestartUs << doublings, kSinkRestartAtMostUs);
  log_warn("export.sink_restarted", {{"destination", destination_.name}, {"position", place.entry.value}});
  finished_.clear();
  delivered_before_restart_ =
      std::max(delivered_before_restart_, balance_.sample(selected(destination_, mark().appended)).delivered);
  window_.rewind();
  begin_at_cursor();
}

void Pipeline::start_balance(const journal::EnvironmentMark& mark, const journal::JournalCount& backlog) {
  const journal::Cursor& cursor = window_.cursor();
  balance_.start(cursor.delivered_events, cursor.dead_lettered_events, cursor.filtered_events,
                 selected(destination_, backlog.events), selected(destination_, mark.appended));
  backlog_bytes_at_start_ = backlog.bytes;
  appended_bytes_at_start_ = mark.appended_bytes;
}

bool Pipeline::count_backlog() {
  if (counted_) return true;
  if (journal_problem_.pauses()) return false;
  const journal::EnvironmentMark mark = this->mark();
  const auto backlog = journal_.count(destination_.environment_id, window_.cursor().position, mark.end);
  if (!backlog) {
    journal_problem_.note_read_failure(backlog.error());
    return false;
  }
  start_balance(mark, *backlog);
  counted_ = true;
  return true;
}

journal::EnvironmentMark Pipeline::mark() const {
  journal::EnvironmentMark mark;
  if (!replay_) return journal_.mark(destination_.environment_id);
  mark.end = replay_->end;
  return mark;
}

bool Pipeline::next_chunk() {
  more_to_read_ = read_in_step_ >= kStepReadBytes;
  if (more_to_read_) return false;
  chunk_ = reader_->read(kReadBytes);
  next_in_chunk_ = 0;
  if (!chunk_ && reader_->failure()) {
    journal_problem_.note_read_failure(*reader_->failure());
    return false;
  }
  journal_problem_.clear();
  read_on_ = reader_->more();
  if (chunk_) {
    read_in_step_ += chunk_->buffer.size();
    last_read_us_ = clock_.steady_us();
  }
  return chunk_ != nullptr;
}

event::EnvelopeWriter Pipeline::envelope_for(const event::EntryView& entry) const {
  if (destination_.wants_originals) return event::EnvelopeWriter::verbatim(false);
  return {entry, event::EnvelopeOptions{destination_.ends_lines, destination_.fields, destination_.project_key,
                                        destination_.environment_key}};
}

bool Pipeline::next_entry() {
  while (!read_all_of_replay_) {
    if ((!chunk_ || next_in_chunk_ == chunk_->entries.size()) && !next_chunk()) return false;
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
    if (!view && event::EntryView::of_later_version(stored.entry)) {
      --next_in_chunk_;
      journal_problem_.note(
          Problem::Weight::setup, "entry_format_unknown",
          fmt::format("The journal's entry at {}/{} was written by a later version of Sluice: {}.",
                      stored.position.value >> 32, stored.position.value & UINT32_MAX, view.error().message),
          "Start the version that wrote it, and let it deliver what waits. Nothing is skipped meanwhile.");
      return false;
    }
    journal_problem_.clear();
    behind_loss_ = behind_loss_ || stored.behind_loss || !view;
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
    entry->envelope = envelope_for(*view);
    entry_ = std::move(entry);
    walk_ = {};
    const journal::Cursor& cursor = window_.cursor();
    const bool resumed = window_.size() == 0 && cursor.position == stored.position && cursor.events_done > 0;
    window_.begin_entry(stored.position, stored.next, stored.received_ms, stored.entry.size(), view->event_count(),
                        lost_in_front_of(stored.position));
    read_to_ = stored.next;
    settle_lost();
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

// How many events the journal is known to have lost between the entry before and this one. What it does not know, or
// cannot read now, is told by reconcile(); and what the sink may have all the same, too.
std::uint64_t Pipeline::lost_in_front_of(journal::Position position) {
  if (!std::exchange(behind_loss_, false) || replay_) return 0;
  if (sink_->may_hold_alone({read_to_, 0}, {position, 0})) return 0;
  const auto lost = journal_.count(destination_.environment_id, read_to_, position);
  return lost ? selected(destination_, lost->events) : 0;
}

void Pipeline::settle_lost() {
  const std::uint64_t passed = window_.take_lost();
  if (passed > 0) tell_missing(balance_.lost(passed, selected(destination_, mark().appended)));
}

void Pipeline::tell_missing(std::uint64_t events) const {
  if (events == 0) return;
  log_error("export.events_missing", {{"destination", destination_.name},
                                      {"events", events},
                                      {"reason",
                                       "the journal no longer holds them: they were damaged on disk, or the "
                                       "destination was off for longer than retention keeps events"}});
}

Result<std::optional<OutboundEvent>> Pipeline::read_again(std::uint64_t ticket, const EventPlace& place) {
  const auto reader = journal_.reader(destination_.environment_id, place.entry);
  const auto chunk = reader->read(1);
  if (!chunk && reader->failure()) return fail(reader->failure()->message);
  if (!chunk || chunk->entries.empty() || chunk->entries.front().position != place.entry) return std::nullopt;
  const auto view = event::EntryView::open(chunk->entries.front().entry);
  if (!view) return std::nullopt;
  auto entry = std::make_shared<OutboundEntry>();
  entry->chunk = chunk;
  entry->position = place.entry;
  entry->view = *view;
  entry->envelope = envelope_for(*view);
  event::EntryView::Walk walk;
  event::EventSlot slot;
  for (std::uint32_t number = 0; number <= place.event; ++number)
    if (!view->next(walk, slot)) return std::nullopt;
  auto rewritten = filter_.rewritten(slot);
  if (rewritten) slot.json = *rewritten;
  return OutboundEvent{ticket, std::move(entry), slot, std::move(rewritten), place.event};
}

void Pipeline::feed() {
  read_in_step_ = 0;
  more_to_read_ = false;
  // First what the sink has of what the journal has no more: with the first event behind it, the cursor is behind it.
  if (waits_for_held_) {
    if (!take_held({readable_from_, 0})) return;
    window_.move_to(readable_from_);
    waits_for_held_ = false;
  }
  const std::size_t most = sink_->max_window_events();
  while (window_.size() < most && sink_->has_room()) {
    if (!entry_) {
      if (journal_problem_.pauses()) return;
      const journal::EnvironmentMark mark = this->mark();
      if (!next_entry()) {
        if (!journal_problem_.current()) note_read_up_to({reader_->position(), 0});
        if (!journal_problem_.current() && !more_to_read_) reconcile(mark);
        return;
      }
    }
    event::EventSlot slot;
    const std::uint32_t number = walk_.next;
    if (!entry_->view.next(walk_, slot)) {
      entry_.reset();
      continue;
    }
    if (!selects(destination_, slot)) {
      window_.add_passed();
      sink_->skipped({entry_->position, number});
    } else if (!filter_.matches(slot)) {
      window_.add_filtered();
      sink_->skipped({entry_->position, number});
      balance_.filtered(1);
    } else {
      auto rewritten = filter_.rewritten(slot);
      if (rewritten) slot.json = *rewritten;
      sink_->put({window_.add_pending(slot.kind), entry_, slot, std::move(rewritten), number});
    }
  }
  if (entry_) note_read_up_to({entry_->position, walk_.next});
  if (window_.size() < most) return;
  sink_->flush();
  sink_->window_is_full();
}

void Pipeline::note_read_up_to(const EventPlace& place) {
  sink_->passed(place);
  if (replay_ && place.entry >= replay_->end) sink_->flush();  // no more comes
}

// Nothing is left to read before `mark`. If nothing is on its way either, then what still seems to wait does not exist
// any more, but for what the sink holds alone.
void Pipeline::reconcile(const journal::EnvironmentMark& mark) {
  if (window_.size() > 0 || reader_->position() < mark.end) return;
  window_.advance(passed_);  // entries without an event
  note_passed();
  settle_lost();
  if (!take_held({reader_->position(), 0})) return;  // they are not missing, and the cursor waits for them
  window_.move_to(reader_->position());
  const std::uint64_t gone = balance_.settle(selected(destination_, mark.appended));
  if (replay_) finished_replay_ = true;  // what is left over was outside its span
  if (!replay_) tell_missing(gone);
}

// Whether the sink has delivered all that it holds alone before this place. Then it is counted, and the cursor is to be
// moved there.
bool Pipeline::take_held(const EventPlace& before) {
  const auto alone = sink_->take_held_alone(before);
  held_ = alone.value_or(HeldAlone{});
  if (!alone || alone->waiting > 0) return false;
  if (alone->delivered == 0) return true;
  balance_.found({0, alone->delivered, !waits_for_held_, missed_while_off_, alone->of_other_selection},
                 selected(destination_, mark().appended));
  window_.add_delivered(alone->delivered, alone->delivered_bytes);
  delivered_bytes_ += alone->delivered_bytes;
  last_delivery_ = moment_of(clock_);
  log_warn(
      "export.delivered_without_the_journal",
      {{"destination", destination_.name},
       {"events", alone->delivered},
       {"reason", "the journal lost their entries, or gave them up, after the destination's sink had sealed them"}});
  return true;
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
  if (delivered > 0) last_delivery_ = moment_of(clock_);
  finished_.clear();
  window_.advance(passed_);
  note_passed();
  settle_lost();
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
  cursor.unit = unit_of(destination_);
  return cursor;
}

// Notes or saves the cursor if it is time to. Returns when it will be, INT64_MAX when there is nothing to save.
std::int64_t Pipeline::save_cursor_if_due(std::int64_t now_us) {
  const journal::Cursor cursor = current_cursor();
  if (cursor == saved_) return INT64_MAX;
  journal::Cursor moved_only = saved_;
  moved_only.position = cursor.position;
  moved_only.events_done = cursor.events_done;
  // Nothing was finished: other environments' entries passed by. No hurry, and not worth waking up for.
  const bool idle_move = cursor == moved_only;
  std::int64_t due_us = saved_us_ + (idle_move ? kIdleCursorIntervalUs : kCursorIntervalUs);
  if (now_us >= due_us && !sync_turn_us_) sync_turn_us_ = syncs_ == nullptr ? now_us : syncs_->take_turn(now_us);
  due_us = sync_turn_us_.value_or(due_us);
  if (now_us >= due_us || save_asked_) {
    save_cursor();
    return INT64_MAX;
  }
  if (idle_move) return INT64_MAX;
  if (cursor == noted_) return due_us;
  const std::int64_t note_us = noted_us_ + kCursorNoteIntervalUs;
  if (now_us < note_us) return std::min(note_us, due_us);
  noted_us_ = now_us;
  noted_ = cursor;
  if (const auto noted = cursor_file_->note(cursor); !noted) tell_not_saved(noted.error());
  return due_us;
}

void Pipeline::save_cursor() {
  const journal::Cursor cursor = current_cursor();
  saved_us_ = noted_us_ = clock_.steady_us();
  sync_turn_us_.reset();
  save_asked_ = false;
  if (const auto saved = cursor_file_->save(cursor); !saved) return tell_not_saved(saved.error());
  cursor_problem_.reset();
  saved_ = noted_ = cursor;
  journal_.hold(hold_name_, cursor.position);
  sink_->cursor_saved(place_of(cursor));
}

void Pipeline::tell_not_saved(const Error& error) {
  const std::int64_t now_ms = clock_.wall_ms();
  if (!cursor_problem_) {
    log_error("export.cursor_not_saved", {{"destination", destination_.name}, {"reason", error.message}});
    cursor_problem_ = Problem{Problem::Weight::note,
                              "cursor_not_saved",
                              error.message,
                              "Delivery continues, but a restart would deliver again what was delivered since. Free "
                              "space on the data directory's disk, or repair it.",
                              "",
                              now_ms,
                              now_ms,
                              0,
                              0};
  }
  cursor_problem_->last_seen_ms = now_ms;
  ++cursor_problem_->times;
}

std::int64_t Pipeline::step() {
  const std::lock_guard lock(mutex_);
  const std::int64_t now_us = clock_.steady_us();
  if (stop_deadline_us_ > 0 && !stopping_) {
    stopping_ = true;
    sink_->stop();
  }
  if (!stopping_) restart_sink_if_due(now_us);
  if (!stopping_ && count_backlog()) feed();
  if (!stopping_ && flush_asked_.exchange(false)) {
    sink_->flush();
    save_asked_ = true;  // whoever asks waits for room, or ends
  }
  std::int64_t deadline_us = sink_->step(now_us, finished_);
  if (!stopping_ && sink_->must_restart())
    deadline_us = std::min(deadline_us, std::max(now_us, restart_not_before_us_));
  const bool moved = !finished_.empty();
  settle();
  if (stopping_) {
    deadline_us = std::min(deadline_us, stop_deadline_us_.load());
  } else if (more_to_read_ || (moved && (entry_ || window_.size() < sink_->max_window_events()))) {
    deadline_us = std::min(deadline_us, now_us);  // there is more, or there is room again: read on at once
  }
  if (!stopping_ && std::exchange(read_on_, false)) deadline_us = std::min(deadline_us, now_us);
  // In the past, while the sink has no room: nothing is read before it has, and then the sink asks for a step.
  if (!stopping_ && journal_problem_.next_try_us() > now_us)
    deadline_us = std::min(deadline_us, journal_problem_.next_try_us());
  deadline_us = std::min(deadline_us, save_cursor_if_due(now_us));
  return std::min(deadline_us, publish_if_due(now_us));
}

void Pipeline::stop() {
  std::int64_t none = 0;
  stop_deadline_us_.compare_exchange_strong(none, clock_.steady_us() + kStopGraceUs);
}

bool Pipeline::stopped() const {
  return stopping_ && (sink_->stats().calls_in_flight == 0 || clock_.steady_us() >= stop_deadline_us_);
}

void Pipeline::close() {
  const std::lock_guard lock(mutex_);
  if (!(current_cursor() == saved_)) save_cursor();
  publish(clock_.steady_us());
}

// Returns when it is to be looked at again: what happened since the last publication is not to wait for the next event.
std::int64_t Pipeline::publish_if_due(std::int64_t now_us) {
  const std::optional<Problem> of_sink = sink_->problem();
  const std::optional<Problem>& problem = of_sink ? of_sink : journal_problem_.current();
  const bool same_state = finished_replay_ == published_finished_ &&
                          (problem ? problem->code == published_problem_ : published_problem_.empty());
  const std::int64_t due_us = published_us_ + kStatusIntervalUs;
  if (same_state && now_us < due_us) return due_us;
  publish(now_us);
  return INT64_MAX;
}

void Pipeline::publish(std::int64_t now_us) {
  auto status = std::make_shared<const PipelineStatus>(make_status());
  published_us_ = now_us;
  published_problem_ = status->problem ? status->problem->code : std::string();
  published_finished_ = status->finished;
  published_.set(std::move(status));
}

PipelineStatus Pipeline::status_now() const {
  const std::lock_guard lock(mutex_);
  return make_status();
}

PipelineStatus Pipeline::make_status() const {
  PipelineStatus status;
  const journal::EnvironmentMark mark = this->mark();
  status.appended = selected(destination_, mark.appended);
  Balance& balance = status.balance;
  balance = balance_.sample(status.appended);
  // After a restart of the sink some of what was delivered is delivered again, or found there: until then it counts.
  if (const std::uint64_t less = delivered_before_restart_ - std::min(delivered_before_restart_, balance.delivered);
      less > 0) {
    const std::uint64_t again = std::min(less, balance.waiting);
    balance.delivered += again;
    balance.waiting -= again;
  }
  // Of what else it holds alone it is known as of when nothing else waited.
  if (waits_for_held_ || window_.size() == 0)
    balance = BalanceKeeper::with(
        balance, {held_.waiting, held_.uploaded, !waits_for_held_, missed_while_off_, held_.of_other_selection});
  status.delivered_bytes = delivered_bytes_;
  status.dead_lettered_bytes = dead_lettered_bytes_;
  const std::uint64_t entered = backlog_bytes_at_start_ + (mark.appended_bytes - appended_bytes_at_start_);
  status.waiting_bytes = status.balance.waiting == 0 || entered < passed_bytes_ ? 0 : entered - passed_bytes_;
  if (status.balance.waiting > 0) status.oldest_received_ms = window_.oldest_received_ms();
  status.last_delivery = last_delivery_;
  status.position = window_.cursor().position;
  status.delivered_by_kind = window_.delivered_by_kind();
  status.finished = finished_replay_;
  std::copy(std::begin(latency_counts_), std::end(latency_counts_), std::begin(status.latency_counts));
  status.latency_sum_ms = latency_sum_ms_;
  status.problem = sink_->problem();
  status.notes = sink_->notes();
  const std::optional<Problem>& of_journal = journal_problem_.current();
  if (of_journal && status.problem) status.notes.push_back(*of_journal);
  if (of_journal && !status.problem) status.problem = of_journal;
  if (cursor_problem_) status.notes.push_back(*cursor_problem_);
  status.sink = sink_->stats();
  return status;
}

}  // namespace sluice::exporting
