#include "journal/segment_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "journal/frame_walk.h"
#include "journal/retention.h"
#include "journal/segment_count.h"

namespace sluice::journal {

Segment::Segment(const SegmentHeader& segment_header, std::string segment_path, storage::FileSystem& files)
    : header(segment_header), seed(frame_seed(segment_header)), path(std::move(segment_path)), files_(files) {}

storage::FileResult<std::shared_ptr<storage::File>> Segment::file() {
  const std::lock_guard lock(mutex_);
  if (auto open = shared_.lock()) return open;
  auto opened = files_.open(path, false);
  if (!opened) return tl::unexpected(opened.error());
  std::shared_ptr<storage::File> file = std::move(*opened);
  shared_ = file;
  return file;
}

std::optional<std::string> Segment::read_rows(std::uint32_t at, std::uint32_t bytes) {
  std::string index = path;
  index.replace(index.rfind('.'), std::string::npos, ".index");
  const auto file = files_.open(index, false);
  std::string stored;
  if (!file || !read_range(**file, at, bytes, stored) || stored.size() != bytes) return std::nullopt;
  const auto rows = decode_stored_rows(stored, header);
  if (!rows) return std::nullopt;
  return std::string(*rows);
}

void Segment::keep_open(std::shared_ptr<storage::File> file) {
  const std::lock_guard lock(mutex_);
  shared_ = file;
  kept_ = std::move(file);
}

void Segment::let_close() {
  const std::lock_guard lock(mutex_);
  kept_.reset();
}

void SegmentTable::add(std::shared_ptr<Segment> segment) {
  const std::lock_guard lock(mutex_);
  SLUICE_CHECK(segments_.empty() || segments_.back()->header.number < segment->header.number, "segments are in order");
  if (!segments_.empty()) {
    Segment& before = *segments_.back();
    before.let_close();
    // Numbers that a refused write used up lie between the two: its index leads to the next one all the same.
    if (before.header.number + 1 == segment->header.number && !segment->lost)
      before.summary.next_sequence = segment->header.first_sequence;
  }
  segments_.push_back(std::move(segment));
  marks_.set_oldest(segments_.front()->position_of(kSegmentHeaderBytes));
  marks_.set_end(end_locked());
}

void SegmentTable::publish(const std::vector<FrameHeader>& frames) {
  const std::lock_guard lock(mutex_);
  SegmentSummary& summary = segments_.back()->summary;
  for (const FrameHeader& frame : frames) {
    const Position position = segments_.back()->position_of(summary.end);
    summary.add(frame, static_cast<std::uint32_t>(summary.end + frame.frame_bytes()));
    if (frame.kind != FrameKind::entry) continue;
    appended_events_ += event::event_total(frame.counts);
    marks_.environment(frame.environment)
        .add(frame.counts, frame.payload_bytes, frame.received_ms, position,
             segments_.back()->position_of(summary.end));
    appended_bytes_ += frame.payload_bytes;
    ++appended_entries_;
  }
  marks_.set_end(end_locked());
}

SegmentTable::Place SegmentTable::place(const ObjectId& environment, Position from) const {
  const std::lock_guard lock(mutex_);
  Place place;
  const auto at =
      std::lower_bound(segments_.begin(), segments_.end(), segment_of(from),
                       [](const auto& segment, std::uint64_t number) { return segment->header.number < number; });
  if (at == segments_.end()) return place;
  place.segment = *at;
  place.last = at + 1 == segments_.end();
  place.limit = (*at)->summary.end;
  place.next_sequence = (*at)->summary.next_sequence;
  place.offset = (*at)->header.number == segment_of(from) ? std::max(offset_of(from), kSegmentHeaderBytes)
                                                          : std::uint32_t{kSegmentHeaderBytes};
  place.nothing_until = place.offset;
  const auto& environments = (*at)->summary.environments;
  if (const auto own = environments.find(environment); own == environments.end()) {
    place.nothing_until = place.limit;
  } else {
    const EnvironmentSummary& summary = own->second;
    place.rows_at = summary.rows_at;
    place.rows_bytes = summary.rows_bytes;
    place.own_bytes = summary.bytes;
    if (!summary.blocks.firsts().empty())
      place.nothing_until = next_own_offset(summary.blocks.firsts(), place.offset, place.limit);
  }
  if (const Position last_end = marks_.last_end(environment); last_end.value > 0 && from >= last_end)
    place.nothing_until = place.limit;
  return place;
}

void SegmentTable::index_written(Segment& segment, const std::vector<StoredRows>& rows) {
  std::vector<BlockRows> dropped;  // freed outside of the mutex
  dropped.reserve(rows.size());
  const std::lock_guard lock(mutex_);
  auto stored = rows.begin();
  for (auto& [environment, summary] : segment.summary.environments) {
    if (stored == rows.end()) break;
    summary.rows_at = stored->at;
    summary.rows_bytes = stored->bytes;
    dropped.push_back(std::exchange(summary.blocks, {}));
    ++stored;
  }
}

bool SegmentTable::holds_segment(const Segment& segment) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(segments_.begin(), segments_.end(), [&](const auto& kept) { return kept.get() == &segment; });
}

PositionRange SegmentTable::received_between(std::int64_t from_ms, std::int64_t to_ms) const {
  const std::lock_guard lock(mutex_);
  PositionRange range{end_locked(), segments_.front()->position_of(kSegmentHeaderBytes)};
  for (const auto& segment : segments_) {
    const SegmentSummary& held = segment->summary;
    if (held.oldest_received_ms == 0 || held.newest_received_ms < from_ms || held.oldest_received_ms > to_ms) continue;
    range.from = std::min(range.from, segment->position_of(kSegmentHeaderBytes));
    range.to = std::max(range.to, segment->position_of(held.end));
  }
  range.to = std::max(range.from, range.to);
  return range;
}

Position SegmentTable::end_locked() const { return segments_.back()->position_of(segments_.back()->summary.end); }

JournalCount SegmentTable::count_at_most(const ObjectId& environment, Position from, Position to) const {
  const std::lock_guard lock(mutex_);
  JournalCount total;
  for (const auto& segment : segments_) {
    if (to <= segment->position_of(kSegmentHeaderBytes) || segment->position_of(segment->summary.end) <= from) continue;
    const auto found = segment->summary.environments.find(environment);
    if (found != segment->summary.environments.end()) add_to(total, found->second);
  }
  return total;
}

storage::FileResult<JournalCount> SegmentTable::count(const ObjectId& environment, Position from, Position to) const {
  std::vector<SegmentPart> parts;
  JournalCount total;
  {
    const std::lock_guard lock(mutex_);
    const auto first =
        std::lower_bound(segments_.begin(), segments_.end(), segment_of(from),
                         [](const auto& segment, std::uint64_t number) { return segment->header.number < number; });
    for (auto at = first; at != segments_.end(); ++at) {
      const auto& segment = *at;
      const Position begin = segment->position_of(kSegmentHeaderBytes);
      const Position end = segment->position_of(segment->summary.end);
      if (to <= begin) break;
      const auto found = segment->summary.environments.find(environment);
      if (end <= from || found == segment->summary.environments.end()) continue;
      const EnvironmentSummary& own = found->second;
      if (from <= begin && end <= to) {
        add_to(total, own);
      } else {
        const auto damage = damaged_.lower_bound(segment->position_of(0).value);
        const bool damaged = damage != damaged_.end() && damage->first < end.value;
        parts.push_back({segment, offset_of(std::max(from, begin)), offset_of(std::min(to, end)), segment->summary.end,
                         end <= to, damaged, own.blocks.bytes(), own.rows_at, own.rows_bytes});
      }
    }
  }
  for (const SegmentPart& part : parts) {
    if (part.segment->lost) {
      add_to(total, part.segment->summary.environments.at(environment));
      continue;
    }
    const auto counted = count_part(part, environment, total);
    if (!counted && holds_segment(*part.segment)) return tl::unexpected(counted.error());
  }
  return total;
}

void SegmentTable::hold(const std::string& holder, Position needed_from) {
  const std::lock_guard lock(mutex_);
  if (needed_from > Position{} && end_locked() < needed_from) {  // at the start there may be no segment yet
    log_warn("journal.hold_beyond_end",
             {{"holder", holder},
              {"position", needed_from.value},
              {"reason", "the position is from another journal; everything of this one is kept for it"}});
    needed_from = {};
  }
  yielding_holds_.drop(holder);
  holds_.set(holder, needed_from);
}

void SegmentTable::hold_unless_full(const std::string& holder, Position needed_from) {
  const std::lock_guard lock(mutex_);
  holds_.drop(holder);
  yielding_holds_.set(holder, needed_from <= end_locked() ? needed_from : Position{});
}

void SegmentTable::drop_hold(const std::string& holder) {
  const std::lock_guard lock(mutex_);
  holds_.drop(holder);
  yielding_holds_.drop(holder);
}

Position SegmentTable::passed_to() const {
  const std::lock_guard lock(mutex_);
  return std::min(needed_from().value_or(end_locked()), end_locked());
}

std::vector<SegmentTable::Passed> SegmentTable::take_passed(Position& from) const {
  const std::lock_guard lock(mutex_);
  std::vector<Passed> all;
  const Position to = std::min(needed_from().value_or(end_locked()), end_locked());
  for (const auto& segment : segments_) {
    const Position first = std::max(from, segment->position_of(0));
    const Position last = std::min(to, segment->position_of(segment->summary.end));
    if (first < last && segment_of(first) == segment->header.number && segment_of(last) == segment->header.number)
      all.push_back({segment, offset_of(first), offset_of(last) - offset_of(first)});
  }
  from = std::max(from, to);
  return all;
}

std::optional<Position> SegmentTable::wanted_from() const {
  const auto needed = holds_.least(), kept = yielding_holds_.least();
  if (!needed || !kept) return needed ? needed : kept;
  return std::min(*needed, *kept);
}

std::vector<RetainedSegment> SegmentTable::sealed() const {
  std::vector<RetainedSegment> sealed;
  for (std::size_t i = 0; i + 1 < segments_.size(); ++i) {
    const Segment& segment = *segments_[i];
    sealed.push_back({segment.position_of(segment.summary.end), segment.summary.newest_received_ms});
  }
  return sealed;
}

std::size_t SegmentTable::past_retention(std::int64_t now_ms, std::int64_t retention_ms) const {
  return segments_past_retention(sealed(), wanted_from(), now_ms, retention_ms);
}

std::size_t SegmentTable::reclaimable() const { return segments_reclaimable(sealed(), needed_from()); }

bool SegmentTable::can_give_up(std::int64_t now_ms, std::int64_t retention_ms, bool for_room) const {
  const std::lock_guard lock(mutex_);
  return (for_room ? reclaimable() : past_retention(now_ms, retention_ms)) > 0;
}

SegmentTable::GivenUp SegmentTable::give_up_oldest(std::int64_t now_ms, std::int64_t retention_ms, bool for_room) {
  const std::lock_guard lock(mutex_);
  if ((for_room ? reclaimable() : past_retention(now_ms, retention_ms)) == 0) return {};
  auto segment = segments_.front();
  segments_.pop_front();
  marks_.set_oldest(segments_.front()->position_of(kSegmentHeaderBytes));
  damaged_.erase(damaged_.begin(), damaged_.lower_bound(segments_.front()->position_of(0).value));
  return {std::move(segment), segments_.front()->header.first_sequence};
}

void SegmentTable::note_damage(const Segment& segment, std::uint32_t from, std::uint32_t to, const char* met_when,
                               std::uint64_t entries) {
  {
    const std::lock_guard lock(mutex_);
    std::uint64_t begin = segment.position_of(from).value;
    std::uint64_t end = segment.position_of(to).value;
    std::uint64_t known_bytes = 0;
    auto next = damaged_.upper_bound(begin);
    if (next != damaged_.begin() && std::prev(next)->second >= begin) --next;
    std::uint64_t merged_begin = begin;
    std::uint64_t merged_end = end;
    while (next != damaged_.end() && next->first <= end) {
      const std::uint64_t overlap_begin = std::max(next->first, begin);
      const std::uint64_t overlap_end = std::min(next->second, end);
      if (overlap_end > overlap_begin) known_bytes += overlap_end - overlap_begin;
      merged_begin = std::min(merged_begin, next->first);
      merged_end = std::max(merged_end, next->second);
      next = damaged_.erase(next);
    }
    damaged_[merged_begin] = merged_end;
    if (known_bytes == end - begin) return;
    ++damaged_regions_;
    damaged_bytes_ += end - begin - known_bytes;
    if (known_bytes == 0) missing_entries_ += entries;
  }
  log_error("journal.damaged",
            {{"segment", segment.path},
             {"from_byte", from},
             {"to_byte", to},
             {"entries", entries},
             {"met", met_when},
             {"reason",
              "these bytes were acknowledged and are not what was written; the entries that lay there "
              "are lost, all others are read. Check the disk."}});
}

void SegmentTable::note_lost_segment(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  ++damaged_regions_;
  damaged_bytes_ += bytes;
}

void SegmentTable::note_missing(const std::string& where, std::uint64_t entries) {
  if (entries == 0) return;
  {
    const std::lock_guard lock(mutex_);
    missing_entries_ += entries;
  }
  log_error(
      "journal.entries_missing",
      {{"where", where},
       {"entries", entries},
       {"reason",
        "segments of the journal were removed or cut: these entries were acknowledged, and what was not delivered "
        "of them is lost. Check the disk, and whatever removes files in the data directory. If the files are "
        "elsewhere: destinations have passed them. Stop Sluice, put the files back, start it, and replay the time that "
        "they cover."}});
}

void SegmentTable::add_missing(std::uint64_t entries) {
  const std::lock_guard lock(mutex_);
  missing_entries_ += entries;
}

bool SegmentTable::is_gone(Segment& segment) {
  std::string last;
  {
    const std::lock_guard lock(mutex_);
    last = segments_.back()->path;
  }
  // With the whole folder gone, a volume is not mounted: it may be back.
  if (last == segment.path || !segment.files().open(last, false)) return false;
  if (segment.lost.exchange(true)) return true;
  std::uint64_t entries = 0;
  for (const auto& [environment, count] : segment.summary.environments) entries += count.entries;
  note_missing(segment.path, entries);
  return true;
}

std::optional<std::string> SegmentTable::lost_active() const {
  std::shared_ptr<Segment> active;
  std::uint64_t end = 0;
  {
    const std::lock_guard lock(mutex_);
    active = segments_.back();
    end = active->summary.end;
  }
  if (active->cut) return std::nullopt;  // it was told at the start
  std::string lost;
  const auto file = active->files().open(active->path, false);
  if (!file) {
    // What else is wrong with it tells the next write.
    if (file.error().fault == storage::FileFault::not_found) lost = active->path + " was removed";
  } else if (const auto size = (*file)->size(); size && *size < end) {
    lost = fmt::format("{} was cut to {} bytes", active->path, *size);
  }
  const std::lock_guard lock(mutex_);
  if (lost.empty() || segments_.back() != active) return std::nullopt;  // it was sealed, and may have been given up
  return lost + " while Sluice writes to it";
}

void SegmentTable::fill(JournalStats& stats) const {
  const std::lock_guard lock(mutex_);
  stats.appended_entries = appended_entries_;
  stats.appended_events = appended_events_;
  stats.appended_bytes = appended_bytes_;
  stats.segments = segments_.size();
  for (const auto& segment : segments_) {
    stats.stored_bytes += segment->header.segment_bytes;
    if (stats.oldest_received_ms == 0) stats.oldest_received_ms = segment->summary.oldest_received_ms;
  }
  stats.damaged_regions = damaged_regions_;
  stats.damaged_bytes = damaged_bytes_;
  stats.missing_entries = missing_entries_;
}

std::uint64_t SegmentTable::room_bytes() const {
  const std::lock_guard lock(mutex_);
  const Segment& last = *segments_.back();
  std::uint64_t room = last.header.segment_bytes - last.summary.end;
  const std::size_t count = reclaimable();
  for (std::size_t i = 0; i < count; ++i)
    if (!segments_[i]->lost) room += segments_[i]->header.segment_bytes - kSegmentHeaderBytes;
  return room;
}

}  // namespace sluice::journal
