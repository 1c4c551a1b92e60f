// Brings the journal's folder back to what it was when the process before ended. docs/journal-format.md, "Recovery".
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "journal/committer.h"
#include "journal/dedupe_window.h"
#include "journal/segment_files.h"
#include "journal/segment_table.h"

namespace sluice::journal {

struct RecoveredJournal {
  std::shared_ptr<Segment> last;  // null: the journal is new
  CommitterState state;
  std::uint64_t torn_bytes = 0;
};

// Fills the table and the window. Reads the last segment, and the indexes of the others.
Result<RecoveredJournal> recover_journal(SegmentFiles& files, SegmentTable& table, DedupeWindow& dedupe,
                                         const JournalLimits& limits, const Clock& clock);

}  // namespace sluice::journal
