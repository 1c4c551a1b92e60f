#include "export/start_places.h"

#include <utility>

#include "base/log.h"
#include "journal/cursor_store.h"

namespace sluice::exporting {

Result<bool> StartPlaces::reserve(ObjectId destination) {
  bool first;
  {
    const std::lock_guard lock(mutex_);  // from here on no apply() drops the hold
    first = reserved_.try_emplace(destination, false).second;
  }
  const auto failed = [&](const Error& error) {
    if (first) release(destination);
    return tl::unexpected(error);
  };
  auto cursor_file = journal::CursorFile::open(directory_, destination, files_);
  if (!cursor_file) return failed(cursor_file.error());
  if (const auto& place = (*cursor_file)->loaded()) {
    journal_.hold(destination.hex(), place->position);
    return false;
  }
  journal::Cursor cursor;
  cursor.position = journal_.end();
  journal_.hold(destination.hex(), cursor.position);
  if (auto saved = (*cursor_file)->save(cursor); !saved) return failed(saved.error());
  const std::lock_guard lock(mutex_);
  if (const auto mine = reserved_.find(destination); mine != reserved_.end()) mine->second = true;
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
      journal_.drop_hold(destination.hex());
    else
      drop_hold(destination);
  }
  // Left behind it would do no harm: nobody else gets the id.
  if (unused) (void)files_.remove(path_of(destination));
}

void StartPlaces::switched_off(ObjectId destination) {
  const std::lock_guard lock(mutex_);
  if (reserved_.erase(destination) > 0) drop_hold(destination);
}

// What is given up in between would be missing without a word: the next apply() counts, and drops the hold.
void StartPlaces::drop_hold(ObjectId destination) {
  if (!running_.contains(destination) && counted_.contains(destination)) journal_.drop_hold(destination.hex());
}

void StartPlaces::is_on(ObjectId destination) {
  const std::lock_guard lock(mutex_);
  counted_.erase(destination);
}

void StartPlaces::started(ObjectId destination) {
  const std::lock_guard lock(mutex_);
  running_.insert(destination);
  if (const auto found = reserved_.find(destination); found != reserved_.end()) found->second = false;
}

void StartPlaces::stopped(ObjectId destination, bool off) {
  const std::lock_guard lock(mutex_);
  running_.erase(destination);
  if (!off && !reserved_.contains(destination)) journal_.drop_hold(destination.hex());
}

void StartPlaces::is_off(ObjectId destination) {
  const std::lock_guard lock(mutex_);
  counted_.insert(destination);
  if (!reserved_.contains(destination)) journal_.drop_hold(destination.hex());
}

void StartPlaces::forget(ObjectId destination) {
  {
    const std::lock_guard lock(mutex_);
    reserved_.erase(destination);
    running_.erase(destination);
    counted_.erase(destination);
    journal_.drop_hold(destination.hex());
  }
  (void)files_.remove(path_of(destination));  // it may have none; the next start tries again
}

Result<void> StartPlaces::repair(const std::string& directory, const journal::Journal& journal,
                                 storage::FileSystem& files) {
  const journal::Position end = journal.end();
  const auto names = files.list(directory);
  if (!names) return {};  // none yet
  for (const std::string& name : *names) {
    if (!name.ends_with(kCursorSuffix)) continue;
    const auto id = ObjectId::parse(std::string_view(name).substr(0, name.size() - kCursorSuffix.size()));
    if (!id) continue;
    auto cursor_file = journal::CursorFile::open_existing(directory, *id, files);
    if (!cursor_file) return tl::unexpected(cursor_file.error());
    if (!*cursor_file || !(*cursor_file)->loaded() || (*cursor_file)->loaded()->position <= end) continue;
    journal::Cursor cursor = *(*cursor_file)->loaded();
    log_warn("export.cursor_pulled_back",
             {{"destination", id->hex()}, {"from", cursor.position.value}, {"to", end.value}});
    cursor.position = end;
    cursor.events_done = 0;
    if (auto saved = (*cursor_file)->save(cursor); !saved) return tl::unexpected(saved.error());
  }
  return {};
}

}  // namespace sluice::exporting
