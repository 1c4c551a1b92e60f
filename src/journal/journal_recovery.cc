#include "journal/journal_recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "journal/recovery.h"

namespace sluice::journal {
namespace {

struct Found {
  std::shared_ptr<Segment> segment;
  std::shared_ptr<storage::File> file;
};

storage::FileResult<Found> open_segment(SegmentFiles& files, std::uint64_t number) {
  const std::string path = files.segment_path(number);
  auto opened = files.files().open(path, false);
  if (!opened) return tl::unexpected(opened.error());
  std::string block;
  read_what_can_be_read(**opened, 0, kSegmentHeaderBytes, block);
  if (const auto version = foreign_segment_version(block))
    return tl::unexpected(storage::FileError{
        storage::FileFault::other,
        fmt::format("{} has format version {}, and this Sluice ({}) knows version {}. Start the Sluice that wrote it, "
                    "and let it deliver what waits; nothing was changed",
                    path, *version, SLUICE_VERSION, kJournalFormatVersion)});
  const auto header = decode_segment_header(block);
  if (!header || header->number != number) return Found{};
  return Found{std::make_shared<Segment>(*header, path, files.files()), std::move(*opened)};
}

// From the index; without one, from the headers of the segment's frames. `end`: where it ended, as the next one's
// header says, or 0.
void summarise_sealed(SegmentFiles& files, SegmentTable& table, const Found& found, std::uint32_t end) {
  Segment& segment = *found.segment;
  if (auto summary = files.read_index(segment.header)) {
    segment.summary = std::move(*summary);
    return;
  }
  segment.summary.next_sequence = segment.header.first_sequence;
  const std::uint64_t limit = end != 0 ? end : segment.header.segment_bytes;
  FrameWalk walk(*found.file, segment.seed, kSegmentHeaderBytes, limit, segment.header.first_sequence - 1,
                 FrameWalk::Payloads::skip);
  while (const auto frame = walk.next()) {
    if (frame->offset > segment.summary.end)
      table.note_damage(segment, segment.summary.end, frame->offset, "rebuilding an index");
    segment.summary.add(frame->header, frame->end);
  }
  if (end > segment.summary.end) {
    table.note_damage(segment, segment.summary.end, end, "rebuilding an index");
    segment.summary.end = end;
  }
  if (auto written = files.write_index(segment.header, segment.summary); !written)
    log_warn("journal.index_not_written", {{"reason", written.error().message}});
}

storage::FileResult<void> write_fillers(storage::File& file, const Segment& segment, const RecoveryPlan& plan) {
  for (std::size_t i = 0; i < plan.torn.size(); ++i) {
    const ByteRange range = plan.torn[i];
    FrameHeader filler;
    filler.kind = FrameKind::filler;
    filler.sequence = plan.torn_sequence[i];
    filler.durable_before = range.from;
    filler.payload_bytes = range.to - range.from - filler.header_bytes();
    std::string bytes;
    append_frame_header(bytes, filler, segment.seed);
    if (auto written = file.write_at(range.from, bytes); !written) return written;
  }
  return {};
}

// Reads all of the last segment, and makes its frames one whole row again.
Result<RecoveredJournal> recover_last(SegmentTable& table, const Found& found) {
  Segment& segment = *found.segment;
  std::vector<WalkedFrame> frames;
  FrameWalk walk(*found.file, segment.seed, kSegmentHeaderBytes, segment.header.segment_bytes,
                 segment.header.first_sequence - 1, FrameWalk::Payloads::check);
  while (const auto frame = walk.next()) frames.push_back(*frame);
  const RecoveryPlan plan = plan_recovery(frames, segment.header.first_sequence, 0);

  RecoveredJournal recovered;
  recovered.last = found.segment;
  recovered.torn_bytes = plan.torn_bytes;
  if (auto filled = write_fillers(*found.file, segment, plan); !filled) return fail(filled.error().message);
  // What a killed process wrote and did not sync is in the system's memory, and readers are about to see it.
  if (auto synced = found.file->sync_data(); !synced) return fail(synced.error().message);
  for (const WalkedFrame& frame : frames) {
    if (!frame.payload_holds) continue;
    segment.summary.add(frame.header, frame.end);
    recovered.state.ends_with_note = frame.header.kind == FrameKind::filler && frame.end == plan.end;
  }
  segment.summary.end = plan.end;
  segment.summary.next_sequence = plan.next_sequence;
  recovered.state.next_sequence = plan.next_sequence;
  for (const ByteRange range : plan.damaged) table.note_damage(segment, range.from, range.to, "at start");
  return recovered;
}

// A key may stand there twice: from before the window, and from within it. Only the second one counts.
void remember_keys(DedupeWindow& dedupe, const SegmentSummary& summary, std::int64_t oldest_ms) {
  for (const DedupeRecord& record : summary.keys)
    if (record.received_ms >= oldest_ms) dedupe.insert(record);
}

}  // namespace

Result<RecoveredJournal> recover_journal(SegmentFiles& files, SegmentTable& table, DedupeWindow& dedupe,
                                         const JournalLimits& limits, const Clock& clock) {
  const std::int64_t now_ms = clock.wall_ms();
  const auto numbers = files.scan();
  if (!numbers) return fail(numbers.error().message);
  // A killed process may have named the last segment and not synced the name.
  if (auto synced = files.sync_names(); !synced) return fail(synced.error().message);

  std::vector<Found> found;
  std::uint64_t lost_bytes = 0;
  std::uint64_t lost_segments = 0;
  for (const std::uint64_t number : *numbers) {
    auto segment = open_segment(files, number);
    if (!segment) return fail(segment.error().message);
    if (segment->segment) {
      files.count_in(segment->segment->header.segment_bytes);
      found.push_back(std::move(*segment));
    } else {
      files.set_aside(number);
      ++lost_segments;
      lost_bytes += limits.segment_bytes;
    }
  }

  RecoveredJournal recovered;
  // A new journal's first number is the time in seconds: above all that an earlier journal in this place reached, so
  // that a cursor left from that one lies before this one's entries and not behind them.
  recovered.state.next_number = static_cast<std::uint64_t>(std::clamp<std::int64_t>(now_ms / 1000, 1, INT32_MAX));
  for (std::size_t i = 0; i < found.size(); ++i) {
    Segment& segment = *found[i].segment;
    const bool last = i + 1 == found.size();
    if (last) {
      auto result = recover_last(table, found[i]);
      if (!result) return result;
      recovered = std::move(*result);
    } else {
      const SegmentHeader& next = found[i + 1].segment->header;
      summarise_sealed(files, table, found[i], next.number == segment.header.number + 1 ? next.previous_end : 0);
    }
    remember_keys(dedupe, segment.summary, now_ms - limits.dedupe_window_ms);
    if (!last) {
      segment.summary.keys.clear();
      segment.summary.keys.shrink_to_fit();
    }
    table.add(found[i].segment);
  }
  for (; lost_segments > 0; --lost_segments, lost_bytes -= limits.segment_bytes)
    table.note_lost_segment(limits.segment_bytes);
  if (!numbers->empty()) recovered.state.next_number = std::max(recovered.state.next_number, numbers->back() + 1);
  if (!found.empty()) recovered.state.next_number = numbers->back() + 1;

  JournalStats stats;
  table.fill(stats);
  if (!found.empty())
    log_info("journal.recovered", {{"segments", stats.segments},
                                   {"end", table.end().value},
                                   {"torn_bytes", recovered.torn_bytes},
                                   {"damaged_regions", stats.damaged_regions},
                                   {"damaged_bytes", stats.damaged_bytes}});
  return recovered;
}

}  // namespace sluice::journal
