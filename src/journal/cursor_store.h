// The position of each destination in the journal. One small file per destination with two slots: one is synced, and
// the other one written, so that a torn write leaves the one before. What is noted outlives the process, what is saved
// a power cut too. Format: docs/journal-format.md, "Cursors".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/object_id.h"
#include "base/result.h"
#include "journal/journal.h"
#include "storage/file_system.h"

namespace sluice::journal {

// What a cursor counts. The two kinds number and select an entry's events differently, so that a place inside an entry,
// and totals, mean nothing to the other one. unknown: saved by a version that did not note it.
enum class CursorUnit : std::uint8_t { unknown, events, payloads };

// Everything before entry `position`, and the first `events_done` events of the entry at it, is delivered or
// dead-lettered. (Events are counted over all kinds, selected or not.)
struct Cursor {
  Position position;
  std::uint32_t events_done = 0;
  // Totals up to here over the destination's whole life.
  std::uint64_t delivered_events = 0, delivered_bytes = 0;
  std::uint64_t dead_lettered_events = 0, dead_lettered_bytes = 0;
  std::uint64_t expired_events = 0;   // given up by retention while the destination was off
  std::uint64_t filtered_events = 0;  // of its kinds, filtered out
  CursorUnit unit = CursorUnit::unknown;
  bool operator==(const Cursor&) const = default;
};

class CursorFile {
 public:
  // Opens or creates `directory`/`destination`.cursor.
  static Result<std::unique_ptr<CursorFile>> open(const std::string& directory, ObjectId destination,
                                                  storage::FileSystem& files);
  // The same without creating it: null when there is none. For a look; before anything is given up because of what is
  // loaded, make_durable().
  static Result<std::unique_ptr<CursorFile>> open_existing(const std::string& directory, ObjectId destination,
                                                           storage::FileSystem& files);
  // What was last saved, before or by this object; nothing when the file holds no cursor: of a new destination, or lost
  // (damaged()).
  const std::optional<Cursor>& loaded() const { return loaded_; }
  // The file holds bytes, and neither of its two copies is whole. One that is empty, zeroed or cut short looks like
  // that of a destination whose first save was torn: export/start_records.h tells the two apart.
  bool damaged() const { return damaged_; }
  // What a killed process wrote and did not sync is in the system's memory only: a power cut would bring the copy
  // before it back. open() and save() have done it.
  Result<void> make_durable();
  // Durable when it returns. One thread.
  Result<void> save(const Cursor& cursor);
  // Outlives the process when it returns; a power cut may bring back what was last saved. A system call, and no wait
  // for the disk. Only of a file that holds a cursor. The thread of save().
  Result<void> note(const Cursor& cursor);

 private:
  CursorFile(std::unique_ptr<storage::File> file, ObjectId destination)
      : file_(std::move(file)), destination_(destination) {}
  Result<void> load();
  Result<void> write(const Cursor& cursor);
  std::unique_ptr<storage::File> file_;
  ObjectId destination_;
  std::uint64_t generation_ = 0;  // of the newest slot; odd: the first one
  std::optional<Cursor> loaded_;
  bool durable_ = false;   // what was loaded is synced
  bool unsynced_ = false;  // the newest slot was written since, and is not; the other one is
  bool damaged_ = false;
};

}  // namespace sluice::journal
