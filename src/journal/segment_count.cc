#include "journal/segment_count.h"

#include <algorithm>

#include "journal/frame_walk.h"
#include "journal/segment_table.h"

namespace sluice::journal {
namespace {

// Reads the headers of the frames that start within [from, to). If payloads are checked, those that do not hold are
// left out. Whether nothing lies between the frames that were counted; behind the last, all may be lost.
storage::FileResult<bool> walk_count(const SegmentPart& part, std::uint64_t from, std::uint64_t to,
                                     const ObjectId& environment, JournalCount& total,
                                     FrameWalk::Payloads payloads = FrameWalk::Payloads::skip) {
  if (from >= to) return true;
  const auto file = part.segment->file();
  if (!file) return tl::unexpected(file.error());
  FrameWalk walk(**file, part.segment->seed, from, part.to, part.segment->header.first_sequence - 1, payloads);
  bool whole = true;
  for (std::uint64_t walked_to = from;;) {
    const auto frame = walk.next();
    if (!frame) return tl::unexpected(frame.error());
    if (!*frame || (*frame)->offset >= to) return whole;
    if (!(*frame)->payload_holds) continue;
    whole = whole && (*frame)->offset == walked_to;
    walked_to = (*frame)->end;
    if ((*frame)->header.kind == FrameKind::entry && (*frame)->header.environment == environment)
      add_to(total, (*frame)->header);
  }
}

// Of the frames of a block, which ends at `end`, those that start within the part: what the index has of the block
// without those in front and behind, so that entries which the disk lost are counted, and told missing. Where it lost
// others in front or behind, they count too: told is too much rather than too little. False: entries in front are
// damaged, and others are between those and part.from, so that whoever counted from further in front has them; nothing
// is counted.
storage::FileResult<bool> count_damaged_block(const SegmentPart& part, const BlockRow& row, std::uint64_t end,
                                              const ObjectId& environment, JournalCount& total) {
  JournalCount in_front, behind;
  SegmentPart front = part;
  front.to = part.from;  // what is behind may be unreadable
  // An index that was built anew does not have what was damaged by then; one that is older has.
  const auto whole = walk_count(front, row.first, part.from, environment, in_front, FrameWalk::Payloads::check);
  if (!whole) return tl::unexpected(whole.error());
  if (!part.to_its_end && part.to < end) {
    SegmentPart rest = part;
    rest.to = part.end;
    const auto walked = walk_count(rest, part.to, end, environment, behind, FrameWalk::Payloads::check);
    if (!walked) return tl::unexpected(walked.error());
  }
  if (!*whole || in_front.entries + behind.entries > row.count.entries) return false;
  JournalCount rest = row.count;
  for (const JournalCount& other : {in_front, behind}) {
    rest.entries -= other.entries;
    rest.bytes -= other.bytes;
    for (std::size_t kind = 0; kind < rest.events.size(); ++kind) rest.events[kind] -= other.events[kind];
  }
  add_to(total, rest);
  return true;
}

}  // namespace

storage::FileResult<void> count_part(const SegmentPart& part, const ObjectId& environment, JournalCount& total) {
  std::string rows = part.rows;
  if (rows.empty() && part.rows_bytes > 0) rows = part.segment->read_rows(part.rows_at, part.rows_bytes).value_or("");
  // An index of an earlier Sluice has no rows.
  if (rows.empty()) {
    const auto walked = walk_count(part, part.from, part.to, environment, total);
    return walked ? storage::FileResult<void>() : tl::unexpected(walked.error());
  }
  std::string_view left = rows;
  std::uint64_t walked_to = part.from;
  while (const auto row = take_block_row(left)) {
    const std::uint64_t begin = row->first / kSegmentBlockBytes * kSegmentBlockBytes;
    const std::uint64_t end = begin + kSegmentBlockBytes;
    if (end <= part.from || row->first >= part.to) continue;
    if (part.from <= row->first && end <= part.to) {
      add_to(total, row->count);
    } else {
      if (part.damaged) {
        const auto counted = count_damaged_block(part, *row, end, environment, total);
        if (!counted) return tl::unexpected(counted.error());
        if (*counted) {
          walked_to = std::max(walked_to, std::min(end, part.to));
          continue;
        }
      }
      const std::uint64_t from = std::max<std::uint64_t>({part.from, row->first, walked_to});
      const std::uint64_t to = std::min(end, part.to);
      if (const auto walked = walk_count(part, from, to, environment, total); !walked)
        return tl::unexpected(walked.error());
      walked_to = std::max(walked_to, to);
    }
  }
  return {};
}

}  // namespace sluice::journal
