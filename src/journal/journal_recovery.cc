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

// The journal's folder while it is recovered: what could not be read is read again.
struct Recovery {
  SegmentFiles& files;
  SegmentTable& table;
  Workers& workers;

  template <typename Read>
  auto patiently(Read read) {
    auto result = read();
    for (int attempt = 1; !result && attempt < kStartReadAttempts; ++attempt) {
      log_warn("journal.read_failed", {{"reason", result.error().message}, {"attempt", attempt}});
      workers.pause_us(kStartReadPauseUs);
      result = read();
    }
    return result;
  }
};

tl::unexpected<Error> unread(const storage::FileError& error) {
  return fail(fmt::format(
      "{}. It was tried {} times. What was not read may be whole, so Sluice does not start without it, and changed "
      "nothing. Check the disk, and start again. If this part of the file is lost for good, put a copy in its place in "
      "which zeros stand for what cannot be read (`dd conv=noerror,sync bs=4096`): only the entries that lay there are "
      "lost then",
      error.message, kStartReadAttempts));
}

Result<Found> open_segment(Recovery& recovery, std::uint64_t number) {
  const std::string path = recovery.files.segment_path(number);
  std::string block;
  auto opened = recovery.patiently([&]() -> storage::FileResult<std::unique_ptr<storage::File>> {
    auto file = recovery.files.files().open(path, false);
    if (!file) return file;
    if (auto read = read_range(**file, 0, kSegmentHeaderBytes, block); !read) return tl::unexpected(read.error());
    return file;
  });
  if (!opened) return unread(opened.error());
  if (const auto version = foreign_segment_version(block))
    return fail(
        fmt::format("{} has format version {}, and this Sluice ({}) knows version {}. Start the Sluice that wrote it, "
                    "and let it deliver what waits; nothing was changed",
                    path, *version, SLUICE_VERSION, kJournalFormatVersion));
  const auto header = decode_segment_header(block);
  if (!header || header->number != number) return Found{};
  return Found{std::make_shared<Segment>(*header, path, recovery.files.files()), std::move(*opened)};
}

// An index that leads to the next segment: one from before the segment's last entries would hide them.
bool leads_to(const SegmentSummary& summary, const SegmentHeader& segment, const SegmentHeader& next) {
  if (next.number != segment.number + 1) return true;
  return summary.next_sequence == next.first_sequence && (next.previous_end == 0 || next.previous_end == summary.end);
}

// From the index; without one, from the headers of the segment's frames. `next`: of the segment behind it.
Result<void> summarise_sealed(Recovery& recovery, const Found& found, const SegmentHeader& next) {
  Segment& segment = *found.segment;
  SegmentTable& table = recovery.table;
  if (auto summary = recovery.files.read_index(segment.header); summary && leads_to(*summary, segment.header, next)) {
    segment.summary = std::move(*summary);
    return {};
  }
  const bool next_tells = next.number == segment.header.number + 1;
  const std::uint32_t end = next_tells ? next.previous_end : 0;
  segment.summary.next_sequence = segment.header.first_sequence;
  const std::uint64_t limit = end != 0 ? end : segment.header.segment_bytes;
  FrameWalk walk(*found.file, segment.seed, kSegmentHeaderBytes, limit, segment.header.first_sequence - 1,
                 FrameWalk::Payloads::skip);
  std::vector<ByteRange> damaged;
  while (true) {
    const auto frame = recovery.patiently([&] { return walk.next(); });
    if (!frame) return unread(frame.error());
    if (!*frame) break;
    if ((*frame)->offset > segment.summary.end) damaged.push_back({segment.summary.end, (*frame)->offset});
    segment.summary.add((*frame)->header, (*frame)->end);
  }
  if (end > segment.summary.end) {
    damaged.push_back({segment.summary.end, end});
    segment.summary.end = end;
  }
  if (next_tells) segment.summary.next_sequence = next.first_sequence;
  for (const ByteRange range : damaged) table.note_damage(segment, range.from, range.to, "rebuilding an index");
  std::vector<StoredRows> rows;
  if (auto written = recovery.files.write_index(segment.header, segment.summary, rows); written)
    table.index_written(segment, rows);
  else
    log_warn("journal.index_not_written", {{"reason", written.error().message}});
  return {};
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

// Reads all of the last segment and makes its frames contiguous again.
Result<RecoveredJournal> recover_last(Recovery& recovery, const Found& found) {
  Segment& segment = *found.segment;
  std::vector<WalkedFrame> frames;
  FrameWalk walk(*found.file, segment.seed, kSegmentHeaderBytes, segment.header.segment_bytes,
                 segment.header.first_sequence - 1, FrameWalk::Payloads::check);
  while (true) {
    const auto frame = recovery.patiently([&] { return walk.next(); });
    if (!frame) return unread(frame.error());
    if (!*frame) break;
    frames.push_back(**frame);
  }
  const auto index = recovery.files.read_index(segment.header);  // it was sealed once, and synced so far
  const RecoveryPlan plan = plan_recovery(frames, segment.header.first_sequence, index ? index->end : 0);

  RecoveredJournal recovered;
  recovered.last = found.segment;
  recovered.torn_bytes = plan.torn_bytes;
  if (auto filled = write_fillers(*found.file, segment, plan); !filled) return fail(filled.error().message);
  // What a killed process wrote and did not sync is in the system's memory, and readers are about to see it.
  if (auto synced = found.file->sync_data(); !synced) return fail(synced.error().message);
  for (const WalkedFrame& frame : frames) {
    if (!frame.payload_holds) continue;
    segment.summary.add(frame.header, frame.end);
    recovered.state.clean_shutdown_marked = frame.header.kind == FrameKind::filler && frame.end == plan.end;
  }
  segment.summary.end = plan.end;
  segment.summary.next_sequence = plan.next_sequence;
  recovered.state.next_sequence = plan.next_sequence;
  for (const ByteRange range : plan.damaged) recovery.table.note_damage(segment, range.from, range.to, "at start");
  return recovered;
}

// A key may stand there twice: from before the window, and from within it. Only the second one counts.
void remember_keys(DedupeWindow& dedupe, const SegmentSummary& summary, std::int64_t oldest_ms) {
  for (const DedupeRecord& record : summary.keys)
    if (record.received_ms >= oldest_ms) dedupe.insert(record);
}

}  // namespace

Result<RecoveredJournal> recover_journal(SegmentFiles& files, SegmentTable& table, DedupeWindow& dedupe,
                                         const JournalLimits& limits, const Clock& clock, Workers& workers) {
  Recovery recovery{files, table, workers};
  const std::int64_t now_ms = clock.wall_ms();
  const auto numbers = recovery.patiently([&] { return files.scan(); });
  if (!numbers) return fail(numbers.error().message);
  // A killed process may have named the last segment and not synced the name.
  if (auto synced = files.sync_names(); !synced) return fail(synced.error().message);

  // All headers are read before anything is set aside: a start that is refused has changed nothing.
  std::vector<Found> found;
  std::vector<std::uint64_t> lost;
  for (const std::uint64_t number : *numbers) {
    auto segment = open_segment(recovery, number);
    if (!segment) return tl::unexpected(segment.error());
    if (segment->segment) {
      files.count_in(segment->segment->header.segment_bytes);
      found.push_back(std::move(*segment));
    } else {
      lost.push_back(number);
    }
  }

  RecoveredJournal recovered;
  // A new journal's first number is the time in seconds: above all that an earlier journal in this place reached, so
  // that a cursor left from that one is before this one's entries and not after them.
  recovered.state.next_number = static_cast<std::uint64_t>(std::clamp<std::int64_t>(now_ms / 1000, 1, INT32_MAX));
  for (std::size_t i = 0; i < found.size(); ++i) {
    Segment& segment = *found[i].segment;
    const bool last = i + 1 == found.size();
    if (last) {
      auto result = recover_last(recovery, found[i]);
      if (!result) return result;
      recovered = std::move(*result);
      // One that had a segment behind it, or has an index, was sealed. What is appended to it would be in no index.
      recovered.last_is_sealed = numbers->back() != segment.header.number || files.has_index(segment.header.number);
    } else if (auto summarised = summarise_sealed(recovery, found[i], found[i + 1].segment->header); !summarised) {
      return tl::unexpected(summarised.error());
    }
    remember_keys(dedupe, segment.summary, now_ms - limits.dedupe_window_ms);
    if (!last) {
      segment.summary.keys.clear();
      segment.summary.keys.shrink_to_fit();
    }
    table.add(found[i].segment);
  }
  for (const std::uint64_t number : lost) {
    files.set_aside(number);
    table.note_lost_segment(limits.segment_bytes);
  }
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
