#include "journal/recovery.h"

#include <algorithm>

namespace sluice::journal {

RecoveryPlan plan_recovery(const std::vector<WalkedFrame>& frames, std::uint64_t first_sequence,
                           std::uint32_t known_durable) {
  RecoveryPlan plan;
  plan.next_sequence = first_sequence;
  std::uint32_t durable = std::max(known_durable, kSegmentHeaderBytes);
  for (const WalkedFrame& frame : frames) durable = std::max(durable, frame.header.durable_before);

  std::uint32_t good_end = kSegmentHeaderBytes;
  std::uint64_t good_sequence = first_sequence - 1;
  // [good_end, to) holds nothing whole. A sync boundary is a frame boundary, so cutting there splits no frame.
  const auto step_over = [&](std::uint32_t to) {
    if (good_end < std::min(to, durable)) plan.damaged.push_back({good_end, std::min(to, durable)});
    if (to > std::max(good_end, durable)) {
      plan.torn.push_back({std::max(good_end, durable), to});
      plan.torn_sequence.push_back(good_sequence + 1);
      plan.torn_bytes += to - std::max(good_end, durable);
    }
  };
  std::uint32_t recognisable_end = kSegmentHeaderBytes;
  for (const WalkedFrame& frame : frames) {
    plan.next_sequence = frame.header.sequence + 1;
    recognisable_end = frame.end;
    if (!frame.payload_holds) continue;
    step_over(frame.offset);
    good_end = frame.end;
    good_sequence = frame.header.sequence;
  }
  plan.end = std::max(good_end, durable);
  if (good_end < durable) plan.damaged.push_back({good_end, durable});
  plan.behind_last_kept = good_end < durable ? plan.next_sequence : good_sequence + 1;
  plan.torn_bytes += recognisable_end > plan.end ? recognisable_end - plan.end : 0;
  return plan;
}

}  // namespace sluice::journal
