#include "export/start_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/counted.h"
#include "base/log.h"
#include "export/place_losses.h"
#include "export/selection.h"
#include "export/sink_folder.h"

namespace sluice::exporting {
namespace {

// What lay between the journal's end and the cursor was delivered, and is gone from the disk.
Result<void> pull_back(journal::CursorFile& cursor_file, ObjectId destination, const journal::Journal& journal) {
  const journal::Position end = journal.end();
  if (!cursor_file.loaded() || cursor_file.loaded()->position <= end) return {};
  journal::Cursor cursor = *cursor_file.loaded();
  log_warn("export.cursor_pulled_back",
           {{"destination", destination.hex()}, {"from", cursor.position.value}, {"to", end.value}});
  cursor.position = end;
  cursor.events_done = 0;
  return cursor_file.save(cursor);
}

template <typename Each>
void for_each_cursor(const std::string& directory, storage::FileSystem& files, Each each) {
  const auto names = files.list(directory);
  if (!names) return;  // none yet
  for (const std::string& name : *names) {
    if (!name.ends_with(kCursorSuffix)) continue;
    const auto id = ObjectId::parse(std::string_view(name).substr(0, name.size() - kCursorSuffix.size()));
    if (!id) continue;
    auto cursor_file = journal::CursorFile::open_existing(directory, *id, files);
    auto done = cursor_file ? Result<void>() : Result<void>(tl::unexpected(cursor_file.error()));
    if (cursor_file && *cursor_file) done = each(*id, **cursor_file);
    if (!done) log_warn("export.cursor_unreadable", {{"destination", id->hex()}, {"reason", done.error().message}});
  }
}

}  // namespace

bool StartPlaces::is_lost(const journal::CursorFile& cursor, ObjectId destination) const {
  if (cursor.loaded()) return false;
  if (cursor.damaged() || records_.exists(destination)) return true;
  const std::lock_guard lock(mutex_);
  return expected_.contains(destination);
}

void StartPlaces::expect_places(std::set<ObjectId> destinations) {
  const std::lock_guard lock(mutex_);
  // In a journal without entries there is nothing to come again: a catalog was restored into another data directory.
  if (journal_.oldest() < journal_.end() || (reached_ && *reached_ < journal_.oldest()))
    expected_ = std::move(destinations);
}

Result<void> StartPlaces::restart(journal::CursorFile& cursor_file, ObjectId destination, std::string_view name,
                                  const catalog::Destination* known) {
  const bool oldest = known == nullptr || resumes_at_oldest(*known);
  const std::string what = fmt::format("The destination's cursor {} was {}.", path_of(destination),
                                       cursor_file.damaged() ? "damaged" : "missing, or empty");
  journal::Cursor cursor;
  cursor.position = oldest ? journal_.oldest() : journal_.end();
  // What its sink has of before that is not delivered, as far as anybody knows.
  if (oldest)
    for (const SealedEvents& each : sealed_of(destination))
      if (each.whole) cursor.position = std::min(cursor.position, each.first.entry);
  if (known != nullptr) cursor.unit = unit_of(*known);
  Problem problem;
  if (oldest) {
    problem = place_note(
        "cursor_lost",
        fmt::format("{} Delivery restarted at the oldest event that the journal has: those of them that were delivered "
                    "before come again, under the same ids.",
                    what),
        fmt::format("Deduplicate by event.id in the consumers. {} {}", kCheckDisk, kUntilRestart), clock_.wall_ms());
  } else {
    const std::uint64_t most =
        selected(*known, journal_.count_at_most(known->environment_id, journal_.oldest(), cursor.position).events);
    problem = place_loss(
        "cursor_lost",
        fmt::format("{} Delivery resumed with what came from then on. Of the {} that the journal held then, those that "
                    "had not been forwarded before the loss are not forwarded: at most {}.",
                    what, counted(most, "payload"), most),
        fmt::format("{} {}", kCheckDisk, kUntilSwitched), clock_.wall_ms());
    // Before the place: after it nothing tells that there was a loss.
    if (auto written = records_.add_loss(destination, problem); !written) return written;
  }
  hold(destination, cursor.position);
  if (auto saved = cursor_file.save(cursor); !saved) return saved;
  log_error(
      "export.cursor_lost",
      {{"destination", destination.hex()}, {"name", name}, {"message", problem.message}, {"remedy", problem.remedy}});
  note(destination, std::move(problem));
  return {};
}

// From the beginning of the entry that the cursor stands in: its place inside the entry is one of the other unit. Of
// that entry its far end had nothing, or some of the events that come again under the same ids.
Result<void> StartPlaces::restart_of_other_unit(journal::CursorFile& cursor_file,
                                                const catalog::Destination& destination) {
  const journal::CursorUnit unit = unit_of(destination);
  if (!cursor_file.loaded() || cursor_file.loaded()->unit == journal::CursorUnit::unknown ||
      cursor_file.loaded()->unit == unit)
    return {};
  const journal::Cursor before = *cursor_file.loaded();
  journal::Cursor cursor;
  cursor.position = before.position;
  cursor.unit = unit;
  if (unit == journal::CursorUnit::payloads)
    if (auto loss =
            payloads_not_kept(journal_, before.position, destination, WhyNotKept::kind_changed, clock_.wall_ms()))
      if (auto told = record_loss(destination.id, destination.name, std::move(*loss), before.position); !told)
        return told;
  if (unit == journal::CursorUnit::events)
    if (auto told = tell_what_was_passed_over(before.position, destination); !told) return told;
  if (auto saved = cursor_file.save(cursor); !saved) return saved;
  const bool to_events = unit == journal::CursorUnit::events;
  Problem problem = place_note(
      "kind_changed",
      fmt::format("The destination's kind was changed: before it delivered {}, and now {}. It resumed where it stood. "
                  "Its totals begin at 0; before, it had delivered {}, {} became dead letters, and {} were missing.",
                  to_events ? "payloads" : "events", to_events ? "events" : "payloads",
                  counted(before.delivered_events, to_events ? "payload" : "event"), before.dead_lettered_events,
                  before.expired_events),
      fmt::format("Nothing to do. {}", kUntilRestart), clock_.wall_ms());
  log_warn("export.kind_changed", {{"destination", destination.name}, {"message", problem.message}});
  note(destination.id, std::move(problem));
  return {};
}

// The kind was changed back. What still waits is delivered as events again; what it passed over is not, unless the sink
// of the kind before had sealed it.
Result<void> StartPlaces::tell_what_was_passed_over(journal::Position reached,
                                                    const catalog::Destination& destination) {
  const auto from = records_.loss_from(destination.id, kPayloadsNotKept);
  if (!from) return {};
  if (auto loss =
          events_passed_over(journal_, *from, reached, destination, sealed_of(destination.id), clock_.wall_ms()))
    if (auto told = record_loss(destination.id, destination.name, std::move(*loss)); !told) return told;
  if (auto removed = records_.remove_loss(destination.id, kPayloadsNotKept); !removed) return removed;
  drop_note(destination.id, kPayloadsNotKept);
  return {};
}

// Before the place is moved: after that nothing tells of it.
Result<void> StartPlaces::record_loss(ObjectId destination, std::string_view name, Problem loss,
                                      std::optional<journal::Position> from) {
  log_error("export." + loss.code,
            {{"destination", destination.hex()}, {"name", name}, {"message", loss.message}, {"remedy", loss.remedy}});
  auto written = records_.add_loss(destination, loss, from);
  note(destination, std::move(loss));
  return written;
}

Result<void> StartPlaces::came_back(const catalog::Destination& destination) {
  const std::lock_guard files_lock(files_mutex_);
  auto existing = journal::CursorFile::open_existing(directory_, destination.id, files_);
  if (!existing) return tl::unexpected(existing.error());
  if (!*existing || !(*existing)->loaded()) return {};
  const journal::Cursor& cursor = *(*existing)->loaded();
  const std::int64_t now_ms = clock_.wall_ms();
  if (auto loss = events_not_kept(journal_, cursor.position, now_ms))
    if (auto told = record_loss(destination.id, destination.name, std::move(*loss)); !told) return told;
  // One of another kind is told of when its cursor is adapted.
  if (!destination.wants_originals || cursor.unit == journal::CursorUnit::events) return {};
  auto loss = payloads_not_kept(journal_, cursor.position, destination, WhyNotKept::was_set_aside, now_ms);
  return loss ? record_loss(destination.id, destination.name, std::move(*loss)) : Result<void>();
}

Result<void> StartPlaces::tell_other_environment(const journal::Cursor& cursor,
                                                 const catalog::Destination& destination) {
  auto loss = events_of_other_environment(journal_, cursor.position, records_.read(destination.id), destination,
                                          clock_.wall_ms());
  return loss ? record_loss(destination.id, destination.name, std::move(*loss)) : Result<void>();
}

std::vector<SealedEvents> StartPlaces::sealed_of(ObjectId destination) const {
  if (!sealed_in_) return {};
  return sealed_in_(files_, sink_folder(data_directory_, destination, SinkFolder::delivery));
}

void StartPlaces::tell_lost_entries(const std::optional<journal::Cursor>& cursor, ObjectId destination,
                                    StartRecords& records) {
  auto loss = lost_entries(journal_, cursor, sealed_of(destination), clock_.wall_ms());
  if (!loss) return;
  log_error("export.journal_entries_lost", {{"destination", destination.hex()},
                                            {"name", records.read(destination).name},
                                            {"message", loss->message},
                                            {"remedy", loss->remedy}});
  if (auto written = records.add_loss(destination, *loss); !written)
    log_warn("export.loss_not_recorded", {{"destination", destination.hex()}, {"reason", written.error().message}});
  if (&records == &records_) note(destination, std::move(*loss));
}

void StartPlaces::note(ObjectId destination, Problem problem) {
  const std::lock_guard lock(mutex_);
  std::vector<Problem>& notes = notes_[destination];
  const auto same = std::ranges::find(notes, problem.code, &Problem::code);
  if (same == notes.end())
    notes.push_back(std::move(problem));
  else
    *same = std::move(problem);
}

void StartPlaces::drop_note(ObjectId destination, std::string_view code) {
  const std::lock_guard lock(mutex_);
  if (const auto found = notes_.find(destination); found != notes_.end())
    std::erase_if(found->second, [&](const Problem& note) { return note.code == code; });
}

void StartPlaces::note_losses(ObjectId destination) {
  for (Problem& loss : records_.losses(destination)) note(destination, std::move(loss));
}

void StartPlaces::acknowledged(ObjectId destination) {
  const std::lock_guard files_lock(files_mutex_);
  if (auto cleared = records_.clear_losses(destination); !cleared)
    log_warn("export.loss_not_cleared", {{"destination", destination.hex()}, {"reason", cleared.error().message}});
  const std::lock_guard lock(mutex_);
  notes_.erase(destination);
}

Result<bool> StartPlaces::reserve(ObjectId destination, std::string_view name, const catalog::Destination* known) {
  bool first;
  {
    const std::lock_guard lock(mutex_);  // from now on no apply() drops the hold
    first = reserved_.try_emplace(destination, false).second;
  }
  std::unique_lock files_lock(files_mutex_);
  const auto failed = [&](const Error& error) {
    files_lock.unlock();
    if (first) release(destination);
    return tl::unexpected(error);
  };
  auto cursor_file = journal::CursorFile::open(directory_, destination, files_);
  if (!cursor_file) return failed(cursor_file.error());
  if (const auto& place = (*cursor_file)->loaded()) {
    hold(destination, place->position);
    return false;
  }
  if (is_lost(**cursor_file, destination)) {
    if (auto restarted = restart(**cursor_file, destination, name, known); !restarted) return failed(restarted.error());
    return false;
  }
  journal::Cursor cursor;
  cursor.position = journal_.end();
  hold(destination, cursor.position);
  if (auto saved = (*cursor_file)->save(cursor); !saved) return failed(saved.error());
  {
    const std::lock_guard lock(mutex_);
    if (const auto mine = reserved_.find(destination); mine != reserved_.end()) mine->second = true;
  }
  const StartedAs as = known != nullptr ? started_as(*known) : StartedAs{std::string(name), {}, {}, false};
  if (auto written = records_.write(destination, as, clock_.wall_ms()); !written) return failed(written.error());
  return true;
}

void StartPlaces::release(ObjectId destination) {
  bool unused;
  {
    const std::lock_guard lock(mutex_);
    const auto found = reserved_.find(destination);
    if (found == reserved_.end()) return;
    unused = found->second;
    reserved_.erase(found);
    if (unused)
      unhold(destination);
    else
      drop_hold(destination);
  }
  if (!unused) return;
  const std::lock_guard files_lock(files_mutex_);
  // Left behind they would do no harm: nobody else gets the id.
  records_.remove(destination);
  (void)files_.remove(path_of(destination));
}

void StartPlaces::switched_off(ObjectId destination) {
  const std::lock_guard lock(mutex_);
  if (reserved_.erase(destination) > 0) drop_hold(destination);
}

Result<std::unique_ptr<journal::CursorFile>> StartPlaces::open(const catalog::Destination& destination) {
  const ObjectId id = destination.id;
  const std::lock_guard files_lock(files_mutex_);
  auto cursor_file = journal::CursorFile::open(directory_, id, files_);
  if (!cursor_file) return cursor_file;
  journal::CursorFile& cursor = **cursor_file;
  note_losses(id);
  if (is_lost(cursor, id) && !resumes_at_oldest(destination)) {
    hold(id, journal_.oldest());
    return fail(fmt::format(
        "The destination's cursor {} was {}: how far payloads were forwarded is not known, and forwarding all of the "
        "journal again would count experiments twice.",
        path_of(id), cursor.damaged() ? "damaged" : "missing, or empty"));
  }
  if (is_lost(cursor, id)) {
    if (auto restarted = restart(cursor, id, destination.name, &destination); !restarted)
      return tl::unexpected(restarted.error());
  } else if (!cursor.loaded()) {
    // It is new. The record comes behind its place: the other way round a crash would make it look lost.
    journal::Cursor first;
    first.position = destination.from_oldest ? journal_.oldest() : journal_.end();
    first.unit = unit_of(destination);
    hold(id, first.position);
    if (auto saved = cursor.save(first); !saved) return tl::unexpected(saved.error());
  } else if (auto told = tell_other_environment(*cursor.loaded(), destination); !told) {
    return tl::unexpected(told.error());
  } else if (auto pulled = pull_back(cursor, id, journal_); !pulled) {
    return tl::unexpected(pulled.error());
  } else if (auto adapted = restart_of_other_unit(cursor, destination); !adapted) {
    return tl::unexpected(adapted.error());
  }
  if (auto written = records_.write(id, started_as(destination), clock_.wall_ms()); !written)
    log_warn("export.start_not_recorded", {{"destination", destination.name}, {"reason", written.error().message}});
  return cursor_file;
}

Result<void> StartPlaces::restore_if_lost(const catalog::Destination& destination) {
  const std::lock_guard files_lock(files_mutex_);
  auto existing = journal::CursorFile::open_existing(directory_, destination.id, files_);
  if (!existing) return tl::unexpected(existing.error());
  if (!*existing && !records_.exists(destination.id)) return {};  // it has never been on
  note_losses(destination.id);
  if (*existing && (*existing)->loaded()) {
    if (auto told = tell_other_environment(*(*existing)->loaded(), destination); !told) return told;
    if (auto adapted = restart_of_other_unit(**existing, destination); !adapted) return adapted;
    if (auto written = records_.write(destination.id, started_as(destination), clock_.wall_ms()); !written)
      log_warn("export.start_not_recorded", {{"destination", destination.name}, {"reason", written.error().message}});
    return {};
  }
  auto cursor_file = journal::CursorFile::open(directory_, destination.id, files_);
  if (!cursor_file) return tl::unexpected(cursor_file.error());
  if (!is_lost(**cursor_file, destination.id)) return {};
  return restart(**cursor_file, destination.id, destination.name, &destination);
}

std::vector<Problem> StartPlaces::notes(ObjectId destination) const {
  const std::lock_guard lock(mutex_);
  const auto found = notes_.find(destination);
  return found == notes_.end() ? std::vector<Problem>() : found->second;
}

void StartPlaces::hold(ObjectId destination, journal::Position position) {
  const std::lock_guard lock(mutex_);
  held_.insert(destination);
  journal_.hold(destination.hex(), position);
}

void StartPlaces::unhold(ObjectId destination) {
  if (held_.erase(destination) > 0) journal_.drop_hold(destination.hex());
}

// What is given up in between would be missing without a word: the next apply() counts, and drops the hold.
void StartPlaces::drop_hold(ObjectId destination) {
  if (!running_.contains(destination) && counted_.contains(destination)) unhold(destination);
}

void StartPlaces::is_on(ObjectId destination) {
  const std::lock_guard lock(mutex_);
  counted_.erase(destination);
}

void StartPlaces::started(ObjectId destination) {
  const std::lock_guard lock(mutex_);
  running_.insert(destination);
  held_.insert(destination);
  if (const auto found = reserved_.find(destination); found != reserved_.end()) found->second = false;
}

void StartPlaces::stopped(ObjectId destination) {
  const std::lock_guard lock(mutex_);
  running_.erase(destination);
}

void StartPlaces::left(ObjectId destination) {
  const std::lock_guard lock(mutex_);
  expected_.erase(destination);
  reserved_.erase(destination);
  running_.erase(destination);
  counted_.erase(destination);
  notes_.erase(destination);
  unhold(destination);
}

void StartPlaces::cannot_be_read(ObjectId destination) {
  const std::lock_guard lock(mutex_);
  if (held_.insert(destination).second) journal_.hold(destination.hex(), journal_.oldest());
}

void StartPlaces::is_off(ObjectId destination) {
  const std::lock_guard lock(mutex_);
  counted_.insert(destination);
  if (!reserved_.contains(destination)) unhold(destination);
}

void StartPlaces::repair(const std::string& set_aside, SealedInFolder sealed_in) {
  sealed_in_ = std::move(sealed_in);
  repair_in(data_directory_, records_);
  StartRecords aside(files_, set_aside);
  repair_in(set_aside, aside);
}

void StartPlaces::repair_in(const std::string& root, StartRecords& records) {
  const std::string directory = root + "/cursors";
  std::set<ObjectId> begun = records.all();
  if (&records == &records_) {
    const std::lock_guard lock(mutex_);
    begun.insert(expected_.begin(), expected_.end());
  }
  for_each_cursor(directory, files_, [&](ObjectId id, journal::CursorFile& cursor_file) {
    if (!cursor_file.loaded()) return Result<void>();
    begun.erase(id);
    // Before the place is moved: after that nothing tells of it.
    tell_lost_entries(cursor_file.loaded(), id, records);
    return pull_back(cursor_file, id, journal_);
  });
  for (const ObjectId id : begun) {
    const auto unread = journal::CursorFile::open_existing(directory, id, files_);
    if (unread) tell_lost_entries({}, id, records);  // one that cannot be read may be there
  }
}

void StartPlaces::pull_back_all(const std::string& directory, const journal::Journal& journal,
                                storage::FileSystem& files) {
  for_each_cursor(directory, files,
                  [&](ObjectId id, journal::CursorFile& cursor_file) { return pull_back(cursor_file, id, journal); });
}

}  // namespace sluice::exporting
