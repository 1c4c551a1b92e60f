// Brings the journal's folder back to what it was when the process before ended. docs/journal-format.md, "Recovery".
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "base/worker.h"
#include "journal/committer.h"
#include "journal/dedupe_shares.h"
#include "journal/segment_files.h"
#include "journal/segment_table.h"

namespace sluice::journal {

struct RecoveredJournal {
  std::shared_ptr<Segment> last;  // null: the journal is new
  bool last_is_sealed = false;    // the one behind it was set aside, or taken away: nothing is appended to it
  CommitterState state;
  std::uint64_t behind_last_kept = 0;  // RecoveryPlan's, of the last segment
  std::uint64_t torn_bytes = 0;
};

// What the disk does not read is read so often, with such pauses between, before the start is refused: a path that
// fails over, or a volume that is slow to come, is back by then.
inline constexpr int kStartReadAttempts = 5;
inline constexpr std::int64_t kStartReadPauseUs = 200'000;

// Fills the table and the window. Reads the last segment, and the indexes of the others. An I/O error is an error that
// says so, and nothing is changed: what was not read may be whole. `remembered`: Journal::open()'s.
Result<RecoveredJournal> recover_journal(SegmentFiles& files, SegmentTable& table, DedupeShares& dedupe,
                                         const JournalLimits& limits, const Clock& clock, Workers& workers,
                                         Position remembered);

}  // namespace sluice::journal
