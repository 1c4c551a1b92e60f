// What to make of a segment after the process ended, however it ended: a pure decision over its frames.
// docs/journal-format.md, "Recovery".
#pragma once

#include <cstdint>
#include <vector>

#include "journal/frame_walk.h"

namespace sluice::journal {

struct ByteRange {
  std::uint32_t from = 0, to = 0;
  bool operator==(const ByteRange&) const = default;
};

struct RecoveryPlan {
  std::uint32_t end = kSegmentHeaderBytes;   // where appending continues
  std::uint64_t next_sequence = 0;           // above every number that a frame of the segment carries, whole or not
  std::uint64_t behind_last_kept = 0;        // above those of entries that are kept or counted as damaged
  std::vector<ByteRange> damaged;            // was acknowledged and is unreadable now
  std::vector<ByteRange> torn;               // never acknowledged, before an intact frame
  std::vector<std::uint64_t> torn_sequence;  // for each of `torn`: the sequence number of the filler that covers it
  std::uint64_t torn_bytes = 0;              // all of `torn`, and what is recognisable behind `end`
};

// `frames`: as FrameWalk gives them with payloads checked. `known_durable`: the segment was synced at least up to
// there.
RecoveryPlan plan_recovery(const std::vector<WalkedFrame>& frames, std::uint64_t first_sequence,
                           std::uint32_t known_durable);

}  // namespace sluice::journal
