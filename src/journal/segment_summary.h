// What a segment holds, without its entries: counts by environment, times, dedupe keys. Kept in memory for each segment
// (without the keys once sealed), and stored beside a sealed one as its index file, so that a start need not read the
// journal. Derived data: an index that is missing or bad is rebuilt from the segment. Format: docs/journal-format.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/object_id.h"
#include "journal/journal.h"
#include "journal/segment_format.h"

namespace sluice::journal {

struct DedupeRecord {
  ObjectId environment;
  DedupeKey key{};
  std::int64_t received_ms = 0;
  bool operator==(const DedupeRecord&) const = default;
};

struct SegmentSummary {
  std::uint32_t end = kSegmentHeaderBytes;  // behind the last frame
  std::uint64_t next_sequence = 0;
  std::int64_t oldest_received_ms = 0;  // 0 while there are no entries
  std::int64_t newest_received_ms = 0;
  std::map<ObjectId, JournalCount> environments;
  std::vector<DedupeRecord> keys;  // in the order of their frames

  // Fillers and entries; `frame_end`: the offset behind it.
  void add(const FrameHeader& header, std::uint32_t frame_end);
};

void add_to(JournalCount& total, const JournalCount& more);
void add_to(JournalCount& total, const FrameHeader& header);

std::string encode_index(const SegmentHeader& segment, const SegmentSummary& summary);
// Nothing unless it is a whole index of just this segment.
std::optional<SegmentSummary> decode_index(std::string_view bytes, const SegmentHeader& segment);

}  // namespace sluice::journal
