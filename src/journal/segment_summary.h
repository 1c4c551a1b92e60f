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
#include "journal/segment_blocks.h"
#include "journal/segment_format.h"

namespace sluice::journal {

struct DedupeRecord {
  ObjectId environment;
  DedupeKey key{};
  std::int64_t received_ms = 0;
  bool operator==(const DedupeRecord&) const = default;
};

// One environment in one segment: all that it has there, and where.
struct EnvironmentSummary : JournalCount {
  BlockRows blocks;                           // until the index is written
  std::uint32_t rows_at = 0, rows_bytes = 0;  // of them in the index file; 0: there are none
};

struct SegmentSummary {
  std::uint32_t end = kSegmentHeaderBytes;  // behind the last frame
  std::uint64_t next_sequence = 0;
  std::int64_t oldest_received_ms = 0;  // 0 while there are no entries
  std::int64_t newest_received_ms = 0;
  std::map<ObjectId, EnvironmentSummary> environments;
  std::vector<DedupeRecord> keys;  // in the order of their frames

  // Fillers and entries; `frame_end`: the offset behind it.
  void add(const FrameHeader& header, std::uint32_t frame_end);
};

void add_to(JournalCount& total, const JournalCount& more);
void add_to(JournalCount& total, const FrameHeader& header);

// The environments whose blocks are in memory are stored with them. `rows` gets for each environment, in order, where.
struct StoredRows {
  std::uint32_t at = 0, bytes = 0;
};
std::string encode_index(const SegmentHeader& segment, const SegmentSummary& summary,
                         std::vector<StoredRows>* rows = nullptr);
// The rows in the bytes at StoredRows; nothing when they are not whole.
std::optional<std::string_view> decode_stored_rows(std::string_view bytes, const SegmentHeader& segment);
// Nothing unless it is a whole index of just this segment.
std::optional<SegmentSummary> decode_index(std::string_view bytes, const SegmentHeader& segment);
// The segment that a whole index is of; nothing else of its header is known than number and identity.
std::optional<SegmentHeader> segment_of_index(std::string_view bytes);

}  // namespace sluice::journal
