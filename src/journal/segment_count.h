// How many entries an environment has in a stretch of one segment: by the rows of its index where a block lies within
// the stretch whole, by the headers of frames at the two edges.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/object_id.h"
#include "journal/journal.h"
#include "storage/file_system.h"

namespace sluice::journal {

class Segment;

// A stretch of one segment, and what is known of the environment there.
struct SegmentPart {
  std::shared_ptr<Segment> segment;
  std::uint64_t from, to;  // offsets in it
  std::uint64_t end;       // of its frames
  bool to_its_end;         // `to` is where the segment's frames end
  bool damaged;            // bytes of the segment are known not to hold
  std::string rows;        // copied from memory
  std::uint32_t rows_at, rows_bytes;
};

// Adds to `total`. Reads the file: not under a lock that anybody waits for. An error: the disk did not read it; `total`
// is then too small. Entries that are known to be damaged are counted too where the index has them, so that they are
// told missing. Any thread.
storage::FileResult<void> count_part(const SegmentPart& part, const ObjectId& environment, JournalCount& total);

}  // namespace sluice::journal
