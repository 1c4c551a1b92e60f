#include "journal/journal_recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "journal/recovery.h"

namespace sluice::journal {
namespace {

// A damaged file may remember anything. A journal reaches this number in 2089 at a segment a second.
constexpr std::uint64_t kMaxRememberedNumber = 0xE000'0000;

struct Found {
  std::shared_ptr<Segment> segment;
  std::shared_ptr<storage::File> file;  // null: it is gone, and its index is there
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

tl::unexpected<Error> cannot(const SegmentFiles& files, const storage::FileError& error) {
  return fail(storage::explained(error, files.directory()));
}

// What only the disk refuses may be lost for good; what a person refused it is not.
tl::unexpected<Error> unread(const SegmentFiles& files, const storage::FileError& error) {
  if (error.fault != storage::FileFault::other)
    return fail(fmt::format("{} Nothing was changed.", storage::explained(error, files.directory())));
  return fail(fmt::format(
      "{}. It was tried {} times. What was not read may be whole, so Sluice does not start without it, and changed "
      "nothing. Check the disk (`dmesg`), and start again. If this part of the file is lost for good, put a copy in "
      "its "
      "place in which zeros stand for what cannot be read (`dd conv=noerror,sync bs=4096`): only the entries that lay "
      "there are lost then.",
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
  if (!opened) return unread(recovery.files, opened.error());
  if (const auto version = foreign_segment_version(block))
    return fail(
        fmt::format("{} has format version {}, and this Sluice ({}) knows version {}. Start the Sluice that wrote it, "
                    "and let it deliver what waits. Nothing was changed.",
                    path, *version, SLUICE_VERSION, kJournalFormatVersion));
  const auto header = decode_segment_header(block);
  if (!header || header->number != number) return Found{};
  Found found{std::make_shared<Segment>(*header, path, recovery.files.files()), std::move(*opened)};
  const auto size = found.file->size();
  found.segment->cut = size && *size < header->segment_bytes;
  return found;
}

// From the indexes whose segments are gone: what they held is told exactly, and readers step over them.
std::vector<Found> gone_segments(Recovery& recovery, const std::vector<std::uint64_t>& numbers,
                                 std::uint64_t first_sequence) {
  std::vector<Found> gone;
  for (const std::uint64_t number : numbers) {
    auto lost = recovery.files.read_lost(number);
    // One that was given up before a power cut, which brought its index back, is not missed.
    if (!lost || lost->summary.next_sequence <= first_sequence || lost->summary.environments.empty()) {
      recovery.files.remove_index(number);
      continue;
    }
    Found found;
    found.segment =
        std::make_shared<Segment>(lost->header, recovery.files.segment_path(number), recovery.files.files());
    found.segment->summary = std::move(lost->summary);
    found.segment->lost = true;
    gone.push_back(std::move(found));
  }
  return gone;
}

// The frames that a sealed segment still has, when it was cut: the rest is told before anybody reads it.
Result<void> note_cut(Recovery& recovery, const Found& found) {
  const Segment& segment = *found.segment;
  FrameWalk walk(*found.file, segment.seed, kSegmentHeaderBytes, segment.summary.end, segment.header.first_sequence - 1,
                 FrameWalk::Payloads::skip);
  std::uint32_t end = kSegmentHeaderBytes;
  std::uint64_t next_sequence = segment.header.first_sequence;
  while (true) {
    const auto frame = recovery.patiently([&] { return walk.next(); });
    if (!frame) return unread(recovery.files, frame.error());
    if (!*frame) break;
    end = (*frame)->end;
    next_sequence = (*frame)->header.sequence + 1;
  }
  const std::uint64_t lost = segment.summary.next_sequence - std::min(next_sequence, segment.summary.next_sequence);
  if (end < segment.summary.end)
    recovery.table.note_damage(segment, end, segment.summary.end, "at start: the file was cut", lost);
  return {};
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
  struct Damage {
    ByteRange range;
    std::uint64_t entries;  // by the sequence numbers on both sides
  };
  std::vector<Damage> damaged;
  while (true) {
    const auto frame = recovery.patiently([&] { return walk.next(); });
    if (!frame) return unread(recovery.files, frame.error());
    if (!*frame) break;
    if ((*frame)->offset > segment.summary.end)
      damaged.push_back(
          {{segment.summary.end, (*frame)->offset},
           (*frame)->header.sequence - std::min((*frame)->header.sequence, segment.summary.next_sequence)});
    segment.summary.add((*frame)->header, (*frame)->end);
  }
  if (end > segment.summary.end) {
    damaged.push_back(
        {{segment.summary.end, end},
         next_tells ? next.first_sequence - std::min(next.first_sequence, segment.summary.next_sequence) : 0});
    segment.summary.end = end;
  }
  if (next_tells) segment.summary.next_sequence = next.first_sequence;
  for (const auto& [range, entries] : damaged)
    table.note_damage(segment, range.from, range.to, "rebuilding an index", entries);
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
    if (!frame) return unread(recovery.files, frame.error());
    if (!*frame) break;
    frames.push_back(**frame);
  }
  const auto index = recovery.files.read_index(segment.header);  // it was sealed once, and synced so far
  const RecoveryPlan plan = plan_recovery(frames, segment.header.first_sequence, index ? index->end : 0);

  RecoveredJournal recovered;
  recovered.last = found.segment;
  recovered.torn_bytes = plan.torn_bytes;
  if (auto filled = write_fillers(*found.file, segment, plan); !filled) return cannot(recovery.files, filled.error());
  // What a killed process wrote and did not sync is in the system's memory, and readers are about to see it.
  if (auto synced = found.file->sync_data(); !synced) return cannot(recovery.files, synced.error());
  for (const WalkedFrame& frame : frames) {
    if (!frame.payload_holds) continue;
    segment.summary.add(frame.header, frame.end);
    recovered.state.clean_shutdown_marked = frame.header.kind == FrameKind::filler && frame.end == plan.end;
  }
  segment.summary.end = plan.end;
  segment.summary.next_sequence = plan.next_sequence;
  recovered.state.next_sequence = plan.next_sequence;
  recovered.behind_last_kept = plan.behind_last_kept;
  for (const ByteRange range : plan.damaged) {
    std::uint64_t before = segment.header.first_sequence - 1, behind = plan.next_sequence;
    for (const WalkedFrame& frame : frames) {
      if (!frame.payload_holds) continue;
      if (frame.end <= range.from) before = frame.header.sequence;
      if (frame.offset >= range.to) behind = std::min(behind, frame.header.sequence);
    }
    recovery.table.note_damage(segment, range.from, range.to, "at start", behind - before - 1);
    if (behind > before + 1) recovery.table.add_start_loss({segment.position_of(range.to), behind - before - 1});
  }
  return recovered;
}

// A key may stand there twice: from before the window, and from within it. Only the second one counts.
void remember_keys(DedupeShares& dedupe, const SegmentSummary& summary, std::int64_t oldest_ms) {
  for (const DedupeRecord& record : summary.keys)
    if (record.received_ms >= oldest_ms) dedupe.insert(record);
}

// Whether entries are gone that somebody remembers. What comes does not take their places: it would be taken for them.
bool begin_behind(Position remembered, Position end, RecoveredJournal& recovered) {
  const std::uint64_t number = segment_of(remembered);
  if (remembered <= end || number > kMaxRememberedNumber) return false;
  recovered.state.next_number = std::max(recovered.state.next_number, number + 1);
  recovered.last_is_sealed = true;
  log_warn("journal.places_beyond_end", {{"remembered", remembered.value},
                                         {"end", end.value},
                                         {"next_segment", recovered.state.next_number},
                                         {"reason",
                                          "files of destinations know entries that are not in the journal: an older "
                                          "journal was put back, or its newest files are gone"}});
  return true;
}

// By sequence numbers, which know nothing of files: before the oldest segment, between segments, behind the last one.
void note_missing_entries(SegmentFiles& files, SegmentTable& table, const std::vector<Found>& found,
                          RecoveredJournal& recovered, const std::optional<Extent>& extent, bool beyond) {
  const std::uint64_t next_number = recovered.state.next_number;
  std::uint64_t expected = extent ? extent->first_sequence : 0;
  std::uint64_t at_the_ends = 0;
  bool end_is_told = !extent && found.empty();
  for (const Found& each : found) {
    const Segment& segment = *each.segment;
    // Between neighbours only a refused write uses numbers up.
    const bool neighbour = &each != &found.front() && (&each)[-1].segment->header.number + 1 == segment.header.number;
    const bool first = &each == &found.front();
    if (expected > 0 && !neighbour && !segment.lost && segment.header.first_sequence > expected) {
      const std::uint64_t entries = segment.header.first_sequence - expected;
      table.note_missing(first ? "before " + segment.path : "between two segments, before " + segment.path, entries);
      if (first) at_the_ends += entries;
      table.add_start_loss({segment.position_of(0), entries});
    }
    if (segment.lost) {
      std::uint64_t entries = 0;
      for (const auto& [environment, count] : segment.summary.environments) entries += count.entries;
      table.note_missing(segment.path, entries);
    }
    expected = segment.summary.next_sequence;
  }
  if (extent && recovered.behind_last_kept < extent->next_sequence) {
    const std::uint64_t before = found.empty() ? extent->first_sequence : recovered.behind_last_kept;
    const std::uint64_t entries = extent->next_sequence - std::min(before, extent->next_sequence);
    table.note_missing("at the end of the journal", entries);
    if (entries > 0) table.add_start_loss({make_position(next_number, 0), entries});
    end_is_told = entries > 0;
    // Otherwise the next start sees a gap between segments there.
    if (found.empty() || next_number == found.back().segment->header.number + 1) at_the_ends += entries;
    // No number is used twice.
    recovered.state.next_sequence = std::max(recovered.state.next_sequence, extent->next_sequence);
  }
  // Nothing tells what there was. One segment back: a cursor at the end of one that was given up is at its end.
  if (!extent)
    table.add_start_loss({make_position(found.empty() ? next_number : found.front().segment->header.number - 1, 0), 0});
  if (beyond && !end_is_told) table.add_start_loss({make_position(next_number, 0), 0});
  const std::uint64_t known_before = extent ? extent->missing_entries : 0;
  table.add_missing(known_before);
  const std::uint64_t first_sequence =
      found.empty() ? recovered.state.next_sequence : found.front().segment->header.first_sequence;
  files.extent().begin(
      {extent && !found.empty() && found.front().segment->lost ? extent->first_sequence : first_sequence,
       recovered.state.behind_last_entry(), known_before + at_the_ends});
}

}  // namespace

Result<RecoveredJournal> recover_journal(SegmentFiles& files, SegmentTable& table, DedupeShares& dedupe,
                                         const JournalLimits& limits, const Clock& clock, Workers& workers,
                                         Position remembered) {
  Recovery recovery{files, table, workers};
  const std::int64_t now_ms = clock.wall_ms();
  const auto scanned = recovery.patiently([&] { return files.scan(); });
  if (!scanned) return cannot(files, scanned.error());
  const std::vector<std::uint64_t>* const numbers = &scanned->segments;
  // A killed process may have named the last segment and not synced the name.
  if (auto synced = files.sync_names(); !synced) return cannot(files, synced.error());

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

  if (auto read = recovery.patiently([&] { return files.extent().load(); }); !read) return unread(files, read.error());
  const std::optional<Extent> extent = files.extent().loaded();
  // Without one (of an earlier version) indexes without a segment are those of segments that were given up. A damaged
  // one tells nothing: they may be of segments that were lost.
  const std::uint64_t gone_before = extent ? extent->first_sequence : files.extent().damaged() ? 0 : UINT64_MAX;
  if (!found.empty()) {
    std::vector<std::uint64_t> without_file = scanned->indexes_alone;
    without_file.insert(without_file.end(), lost.begin(), lost.end());
    // Behind the last one only the extent tells: nothing may be read or appended there.
    const std::uint64_t last = found.back().segment->header.number;
    for (const std::uint64_t number : without_file)
      if (number > last) files.remove_index(number);
    std::erase_if(without_file, [last](std::uint64_t number) { return number > last; });
    for (Found& gone : gone_segments(recovery, without_file, gone_before)) found.push_back(std::move(gone));
    std::sort(found.begin(), found.end(),
              [](const Found& a, const Found& b) { return a.segment->header.number < b.segment->header.number; });
  }

  RecoveredJournal recovered;
  // A new journal's first number is the time in seconds: above what an earlier journal in this place reached, unless it
  // had a segment a second or the clock was set back. begin_behind() asks who remembers it.
  recovered.state.next_number = static_cast<std::uint64_t>(std::clamp<std::int64_t>(now_ms / 1000, 1, INT32_MAX));
  for (std::size_t i = 0; i < found.size(); ++i) {
    Segment& segment = *found[i].segment;
    const bool last = i + 1 == found.size();
    if (last) {
      auto result = recover_last(recovery, found[i]);
      if (!result) return result;
      recovered = std::move(*result);
      // One that had a segment behind it, or has an index, was sealed. What is appended to it would be in no index. And
      // whoever cut one may cut it again: the end of its last frame may not be there.
      recovered.last_is_sealed =
          segment.cut || numbers->back() != segment.header.number || files.has_index(segment.header.number);
    } else if (found[i].file) {
      // Of a segment that is gone the index tells only about itself.
      const SegmentHeader next = found[i + 1].file ? found[i + 1].segment->header : SegmentHeader{};
      if (auto summarised = summarise_sealed(recovery, found[i], next); !summarised)
        return tl::unexpected(summarised.error());
      if (segment.cut)
        if (auto noted = note_cut(recovery, found[i]); !noted) return tl::unexpected(noted.error());
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
  if (!found.empty() && !scanned->indexes_alone.empty())
    recovered.state.next_number = std::max(recovered.state.next_number, scanned->indexes_alone.back() + 1);
  const bool beyond = begin_behind(remembered, found.empty() ? Position{} : table.end(), recovered);

  note_missing_entries(files, table, found, recovered, extent, beyond);

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
