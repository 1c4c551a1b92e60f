// The segments, how far they are durable, and their contents: the state shared by the writer, the readers and other
// callers. Any thread, unless documented otherwise.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "journal/holds.h"
#include "journal/marks.h"
#include "journal/retention.h"
#include "journal/segment_summary.h"
#include "storage/file_system.h"

namespace sluice::journal {

// One segment file. Open while it has readers; the one that is written stays open.
class Segment {
 public:
  Segment(const SegmentHeader& segment_header, std::string segment_path, storage::FileSystem& files);

  const SegmentHeader header;
  const std::uint32_t seed;
  const std::string path;

  // Fails once retention has removed the segment. Any thread.
  storage::FileResult<std::shared_ptr<storage::File>> file();
  void keep_open(std::shared_ptr<storage::File> file);
  void let_close();

  // Its file is gone: its entries cannot be read, and what it held is known from its index. Set once, by open() or by
  // SegmentTable::is_gone().
  std::atomic<bool> lost{false};

  // Its file was shorter at the start than a segment is: nothing is appended to it. Set by open().
  bool cut = false;

  // Guarded by the table's mutex while the segment is written. Afterwards only `keys` changes, on the helper thread
  // alone, and the environments' blocks, under the mutex (SegmentTable::index_written).
  SegmentSummary summary;

  // An environment's rows from the index file; nothing when they cannot be read or are not whole: they are derived, and
  // the segment is walked instead. Any thread.
  std::optional<std::string> read_rows(std::uint32_t at, std::uint32_t bytes);

  Position position_of(std::uint64_t offset) const { return make_position(header.number, offset); }
  storage::FileSystem& files() const { return files_; }

 private:
  storage::FileSystem& files_;
  std::mutex mutex_;
  std::shared_ptr<storage::File> kept_;
  std::weak_ptr<storage::File> shared_;
};

class SegmentTable {
 public:
  // Where a reader continues.
  struct Place {
    std::shared_ptr<Segment> segment;  // null: nothing is left to read
    std::uint64_t offset = 0;
    std::uint64_t limit = 0;          // durable up to here
    std::uint64_t next_sequence = 0;  // that a frame there would have
    bool last = false;                // more may come behind `limit`
    // The environment has nothing between `offset` and this: so that who reads one of many does not read all of them.
    std::uint64_t nothing_until = 0;
    // Of the environment in the segment: its rows in the index file (none: 0), and the bytes of its entries.
    std::uint32_t rows_at = 0, rows_bytes = 0;
    std::uint64_t own_bytes = 0;
  };

  // The writer and open(). The last one added is the one that is written; the one before it is sealed with that.
  void add(std::shared_ptr<Segment> segment);
  // The frames written behind the durable end are synced now. `count` them as appended by this process, or not.
  void publish(const std::vector<FrameHeader>& frames);

  Place place(const ObjectId& environment, Position from) const;
  bool holds_segment(const Segment& segment) const;
  // The sealed segment's blocks are in its index file now, and no longer in memory. The helper.
  void index_written(Segment& segment, const std::vector<StoredRows>& rows);
  PositionRange received_between(std::int64_t from_ms, std::int64_t to_ms) const;
  // These take no lock.
  Position oldest() const { return marks_.oldest(); }
  Position end() const { return marks_.end(); }
  EnvironmentMark mark(const ObjectId& environment) const { return marks_.mark(environment); }
  storage::FileResult<JournalCount> count(const ObjectId& environment, Position from, Position to) const;
  JournalCount count_at_most(const ObjectId& environment, Position from, Position to) const;

  void hold(const std::string& holder, Position needed_from);
  void hold_unless_full(const std::string& holder, Position needed_from);  // counts for retention, not for room
  void drop_hold(const std::string& holder);
  // Removes the oldest segment if its retention time is over and no hold needs it; with `for_room`, regardless of its
  // age.
  struct GivenUp {
    std::shared_ptr<Segment> segment;  // null: none
    std::uint64_t next_first_sequence = 0;
  };
  GivenUp give_up_oldest(std::int64_t now_ms, std::int64_t retention_ms, bool for_room);
  bool can_give_up(std::int64_t now_ms, std::int64_t retention_ms, bool for_room) const;

  // Whether the file that entries are written to was removed or cut: then they go nowhere. Says which, for people.
  std::optional<std::string> lost_active() const;
  // Unreadable bytes of a segment; each byte is counted once, however often it is met.
  // `entries`: gone with them, by the sequence numbers around; 0: unknown.
  void note_damage(const Segment& segment, std::uint32_t from, std::uint32_t to, const char* met_when,
                   std::uint64_t entries = 0);
  void note_lost_segment(std::uint64_t bytes);
  // Its file was removed while the rest of the journal is there: reported the first time that a reader cannot open it.
  bool is_gone(Segment& segment);
  // Entries that are gone without a trace but their sequence numbers. `where` is for people. At start.
  void note_missing(const std::string& where, std::uint64_t entries);
  void add_missing(std::uint64_t entries);  // that were told by a start before
  // Whose entries these were is not known. At start, before anybody reads.
  void add_start_loss(StartLoss loss) { start_losses_.push_back(loss); }
  const std::vector<StartLoss>& start_losses() const { return start_losses_; }

  // Durable bytes from `from` on that no hold needs any more; moves `from` behind them.
  struct Passed {
    std::shared_ptr<Segment> segment;
    std::uint64_t offset, size;
  };
  std::vector<Passed> take_passed(Position& from) const;
  // How far take_passed() would move.
  Position passed_to() const;

  // segments, stored_bytes, damaged_*, oldest_received_ms, appended_*.
  void fill(JournalStats& stats) const;
  // What can be appended into segments that exist: the rest of the last one, and all that could be given up.
  std::uint64_t room_bytes() const;

 private:
  std::size_t reclaimable() const;
  std::size_t past_retention(std::int64_t now_ms, std::int64_t retention_ms) const;
  std::vector<RetainedSegment> sealed() const;
  std::optional<Position> needed_from() const { return holds_.least(); }
  std::optional<Position> wanted_from() const;  // with holds that yield to room
  Position end_locked() const;

  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<Segment>> segments_;
  Holds holds_, yielding_holds_;
  Marks marks_;
  std::map<std::uint64_t, std::uint64_t> damaged_;  // from position to position
  std::uint64_t damaged_regions_ = 0, damaged_bytes_ = 0, missing_entries_ = 0;
  std::vector<StartLoss> start_losses_;  // not guarded: it changes at start only
  std::uint64_t appended_entries_ = 0, appended_events_ = 0, appended_bytes_ = 0;
};

}  // namespace sluice::journal
