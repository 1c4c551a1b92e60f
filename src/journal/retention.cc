#include "journal/retention.h"

namespace sluice::journal {

std::size_t segments_reclaimable(std::span<const RetainedSegment> sealed, std::optional<Position> needed_from) {
  std::size_t count = 0;
  while (count < sealed.size() && (!needed_from || sealed[count].end <= *needed_from)) ++count;
  return count;
}

std::size_t segments_past_retention(std::span<const RetainedSegment> sealed, std::optional<Position> needed_from,
                                    std::int64_t now_ms, std::int64_t retention_ms) {
  const std::size_t limit = segments_reclaimable(sealed, needed_from);
  std::size_t count = 0;
  while (count < limit && sealed[count].newest_received_ms < now_ms - retention_ms) ++count;
  return count;
}

}  // namespace sluice::journal
