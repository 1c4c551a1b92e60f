// Stores batches: deduplicates, appends frames to the last segment with one write and one sync, continues with the next
// segment when one is full. Has no thread and no queue: its caller is the writer.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "journal/dedupe_shares.h"
#include "journal/frame_batch.h"
#include "journal/journal.h"
#include "journal/segment_files.h"
#include "journal/segment_table.h"

namespace sluice::journal {

struct CommitterState {
  std::uint64_t next_sequence = 1;
  std::uint64_t next_number = 1;       // of the segment after the last one
  bool clean_shutdown_marked = false;  // the segment already ends with a clean shutdown marker

  // As next_sequence, without the marker: whoever counts what is missing counts entries.
  std::uint64_t behind_last_entry() const { return next_sequence - (clean_shutdown_marked ? 1 : 0); }
};

// One log line about ids that were used again in so long a time.
inline constexpr std::int64_t kReusedIdLogIntervalMs = 60'000;

struct CommitStats {
  std::uint64_t deduplicated_entries = 0, deduplicated_events = 0, refused_full = 0;
  std::uint64_t reused_ids = 0;
  std::uint64_t syncs = 0, sync_us_total = 0, sync_us_max = 0;
};

class Committer {
 public:
  // The table may be empty: then start() creates the first segment.
  Committer(SegmentTable& table, SegmentFiles& files, DedupeShares& dedupe, const JournalLimits& limits,
            const Clock& clock, CommitterState state);

  // The last segment; null for a journal without segments, whose first one is then created. Nothing is appended to
  // a `sealed` one: the next one is created now, or, if there is no room for it, with the first entry.
  storage::FileResult<void> start(std::shared_ptr<Segment> last, bool sealed = false);

  // Stores the requests, as far as there is room. outcomes[i] is that of requests[i]: durable, deduplicated or full.
  // All of it is synced and visible to readers when it returns.
  void commit(std::span<const AppendRequest> requests, std::span<AppendOutcome> outcomes);
  // Marks that the process stopped in order, so that a start can distinguish damage from a torn write up to the end.
  void write_clean_shutdown_marker();

  // See CommitterState; of what is durable. Any thread.
  std::uint64_t behind_last_entry() const { return behind_last_entry_.load(std::memory_order_relaxed); }

  const CommitStats& stats() const { return stats_; }
  const std::shared_ptr<Segment>& active() const { return active_; }
  // Segments left since the last call: full, synced, without an index file.
  std::vector<std::shared_ptr<Segment>> take_sealed() { return std::exchange(sealed_, {}); }

 private:
  struct Member {
    std::size_t request;
    bool repeat;
    bool remembered;  // its dedupe key was new and is in the window now
  };

  std::uint64_t room() const;
  void store_group(std::span<const AppendRequest> requests, std::span<AppendOutcome> outcomes);
  bool write_and_sync();
  bool roll();
  storage::FileResult<void> activate_next();
  std::optional<std::string> obtain_file();
  void note_full(const storage::FileError& error);
  void note_reused_id(const AppendRequest& request);

  SegmentTable& table_;
  SegmentFiles& files_;
  DedupeShares& dedupe_;
  const JournalLimits limits_;
  const Clock& clock_;
  CommitterState state_;
  std::atomic<std::uint64_t> behind_last_entry_;
  std::int64_t reused_id_logged_ms_ = 0;
  std::uint64_t reused_ids_logged_ = 0;
  Random random_ = Random::from_system();
  std::shared_ptr<Segment> active_;
  bool active_is_sealed_ = false;
  std::shared_ptr<storage::File> file_;
  std::vector<std::shared_ptr<Segment>> sealed_;
  FrameBatch batch_;
  std::vector<Member> members_;
  CommitStats stats_;
  std::int64_t grow_again_at_us_ = INT64_MIN;
  std::int64_t told_full_at_us_ = INT64_MIN;
};

}  // namespace sluice::journal
