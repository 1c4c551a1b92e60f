#include "export/start_places.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"

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
  if (journal_.oldest() < journal_.end()) expected_ = std::move(destinations);
}

Result<void> StartPlaces::restart(journal::CursorFile& cursor_file, ObjectId destination, std::string_view name,
                                  LostCursor at) {
  const std::int64_t now_ms = clock_.wall_ms();
  const bool oldest = at == LostCursor::oldest;
  Problem problem;
  problem.weight = Problem::Weight::note;
  problem.code = "cursor_lost";
  problem.message = fmt::format(
      "The destination's cursor {} was {}. {}", path_of(destination),
      cursor_file.damaged() ? "damaged" : "missing, or empty",
      oldest ? "Delivery restarted at the oldest event in the journal: events that were delivered before come again, "
               "under the same ids."
             : "Delivery resumed with what came from then on: payloads between the last one forwarded and that moment "
               "were not forwarded.");
  problem.remedy = fmt::format(
      "{}Check the disk, and whatever removes or restores files in the data directory. This note disappears with the "
      "next restart.",
      oldest ? "Deduplicate by event.id in the consumers. " : "");
  problem.since_ms = problem.last_seen_ms = now_ms;
  problem.times = 1;
  journal::Cursor cursor;
  cursor.position = oldest ? journal_.oldest() : journal_.end();
  hold(destination, cursor.position);
  if (auto saved = cursor_file.save(cursor); !saved) return saved;
  log_error(
      "export.cursor_lost",
      {{"destination", destination.hex()}, {"name", name}, {"message", problem.message}, {"remedy", problem.remedy}});
  const std::lock_guard lock(mutex_);
  lost_.insert_or_assign(destination, std::move(problem));
  return {};
}

Result<bool> StartPlaces::reserve(ObjectId destination, std::string_view name, LostCursor lost) {
  bool first;
  {
    const std::lock_guard lock(mutex_);  // from now on no apply() drops the hold
    first = reserved_.try_emplace(destination, false).second;
  }
  const auto failed = [&](const Error& error) {
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
    if (auto restarted = restart(**cursor_file, destination, name, lost); !restarted) return failed(restarted.error());
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
  if (auto written = records_.write(destination, name, clock_.wall_ms()); !written) return failed(written.error());
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
  auto cursor_file = journal::CursorFile::open(directory_, id, files_);
  if (!cursor_file) return cursor_file;
  journal::CursorFile& cursor = **cursor_file;
  if (is_lost(cursor, id) && lost_cursor_of(destination) == LostCursor::newest) {
    hold(id, journal_.oldest());
    return fail(fmt::format(
        "The destination's cursor {} was {}: how far payloads were forwarded is not known, and forwarding all of the "
        "journal again would count experiments twice.",
        path_of(id), cursor.damaged() ? "damaged" : "missing, or empty"));
  }
  if (is_lost(cursor, id)) {
    if (auto restarted = restart(cursor, id, destination.name, LostCursor::oldest); !restarted)
      return tl::unexpected(restarted.error());
  } else if (!cursor.loaded()) {
    // It is new. The record comes behind its place: the other way round a crash would make it look lost.
    journal::Cursor first;
    first.position = destination.from_oldest ? journal_.oldest() : journal_.end();
    hold(id, first.position);
    if (auto saved = cursor.save(first); !saved) return tl::unexpected(saved.error());
  } else if (auto pulled = pull_back(cursor, id, journal_); !pulled) {
    return tl::unexpected(pulled.error());
  }
  if (auto written = records_.write(id, destination.name, clock_.wall_ms()); !written)
    log_warn("export.start_not_recorded", {{"destination", destination.name}, {"reason", written.error().message}});
  return cursor_file;
}

Result<void> StartPlaces::restore_if_lost(const catalog::Destination& destination) {
  auto existing = journal::CursorFile::open_existing(directory_, destination.id, files_);
  if (!existing) return tl::unexpected(existing.error());
  if (!*existing && !records_.exists(destination.id)) return {};  // it has never been on
  if (*existing && (*existing)->loaded()) {
    if (auto written = records_.write(destination.id, destination.name, clock_.wall_ms()); !written)
      log_warn("export.start_not_recorded", {{"destination", destination.name}, {"reason", written.error().message}});
    return {};
  }
  auto cursor_file = journal::CursorFile::open(directory_, destination.id, files_);
  if (!cursor_file) return tl::unexpected(cursor_file.error());
  if (!is_lost(**cursor_file, destination.id)) return {};
  return restart(**cursor_file, destination.id, destination.name, lost_cursor_of(destination));
}

std::optional<Problem> StartPlaces::lost_cursor(ObjectId destination) const {
  const std::lock_guard lock(mutex_);
  const auto found = lost_.find(destination);
  return found == lost_.end() ? std::nullopt : std::optional(found->second);
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
  lost_.erase(destination);
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

void StartPlaces::forget(ObjectId destination) {
  left(destination);
  (void)files_.remove(path_of(destination));  // it may have none
  records_.remove(destination);
}

void StartPlaces::repair(const std::string& directory, const journal::Journal& journal, storage::FileSystem& files) {
  const auto names = files.list(directory);
  if (!names) return;  // none yet
  for (const std::string& name : *names) {
    if (!name.ends_with(kCursorSuffix)) continue;
    const auto id = ObjectId::parse(std::string_view(name).substr(0, name.size() - kCursorSuffix.size()));
    if (!id) continue;
    auto cursor_file = journal::CursorFile::open_existing(directory, *id, files);
    auto pulled = cursor_file ? Result<void>() : Result<void>(tl::unexpected(cursor_file.error()));
    if (cursor_file && *cursor_file) pulled = pull_back(**cursor_file, *id, journal);
    if (!pulled) log_warn("export.cursor_unreadable", {{"destination", id->hex()}, {"reason", pulled.error().message}});
  }
}

}  // namespace sluice::exporting
