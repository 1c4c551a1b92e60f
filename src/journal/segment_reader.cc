#include "journal/segment_reader.h"

#include <algorithm>
#include <utility>

#include "journal/frame_walk.h"

namespace sluice::journal {
namespace {

constexpr std::uint64_t kMinBlockBytes = 4096;
constexpr std::uint64_t kMaxBlockBytes = 8u << 20;

// A block of which little is wanted would keep all of its memory for as long as one of its entries is needed.
void shed_what_is_not_wanted(JournalChunk& chunk) {
  std::size_t wanted = 0;
  for (const JournalEntry& entry : chunk.entries) wanted += entry.entry.size();
  if (chunk.entries.empty() || wanted * 2 >= chunk.buffer.size()) return;
  std::string smaller;
  smaller.reserve(wanted);
  for (JournalEntry& entry : chunk.entries) {
    const std::size_t at = smaller.size();
    smaller.append(entry.entry);
    entry.entry = std::string_view(smaller.data() + at, entry.entry.size());
  }
  chunk.buffer.swap(smaller);
  std::size_t at = 0;  // a short string moves with its owner
  for (JournalEntry& entry : chunk.entries) {
    entry.entry = std::string_view(chunk.buffer.data() + at, entry.entry.size());
    at += entry.entry.size();
  }
}

}  // namespace

SegmentReader::SegmentReader(SegmentTable& table, const ObjectId& environment, Position from)
    : table_(table), environment_(environment), position_(from) {
  // A position behind the end is from another journal: all of this one is new to its reader.
  if (table_.end() < position_) position_ = {};
  position_.value -= position_.value % kFrameAlignment;
}

void SegmentReader::enter(const SegmentTable::Place& place) {
  segment_ = place.segment;
  file_.reset();
  bad_from_.reset();
  last_sequence_ = segment_->header.first_sequence - 1;
  follows_ = place.offset == kSegmentHeaderBytes;
  move_to(place.offset);
  own_blocks_.clear();
  // For one that has most of the segment there is nothing to skip.
  if (place.rows_bytes == 0 || place.own_bytes > segment_->header.segment_bytes / 4) return;
  if (const auto rows = segment_->read_rows(place.rows_at, place.rows_bytes)) own_blocks_ = block_firsts(*rows);
}

std::uint64_t SegmentReader::next_own(const SegmentTable::Place& place) const {
  if (own_blocks_.empty()) return place.nothing_until;
  return std::max(place.nothing_until, next_own_offset(own_blocks_, offset(), place.limit));
}

std::shared_ptr<const JournalChunk> SegmentReader::read(std::uint64_t max_bytes) {
  auto chunk = std::make_shared<JournalChunk>();
  failure_.reset();
  more_ = false;
  std::uint64_t looked_at = 0;
  while (true) {
    const SegmentTable::Place place = table_.place(environment_, position_);
    if (!place.segment) return nullptr;
    if (place.segment != segment_) enter(place);
    // Not while it looks for the end of a damaged stretch, which is told as one.
    if (const std::uint64_t next = next_own(place); next > offset() && !bad_from_) {
      move_to(std::min(next, place.limit));
      follows_ = false;
    }
    if (offset() >= place.limit) {
      if (place.last) return nullptr;
      position_ = make_position(segment_->header.number + 1, kSegmentHeaderBytes);
      continue;
    }
    if (!file_) {
      auto file = segment_->file();
      // Removed just now: the next call of the table skips it. Otherwise it cannot be read at the moment.
      if (!file && !table_.holds_segment(*segment_)) continue;
      if (!file && file.error().fault == storage::FileFault::not_found && table_.is_gone(*segment_)) {
        stepped_over_loss_ = true;
        position_ = make_position(segment_->header.number + 1, kSegmentHeaderBytes);
        continue;
      }
      if (!file) {
        failure_ = file.error();
        return nullptr;
      }
      file_ = *file;
    }
    more_ = looked_at >= kReadStepBytes;
    if (more_) return nullptr;
    read_block(place, max_bytes, *chunk);
    looked_at += chunk->buffer.size();
    if (chunk->entries.empty() && failure_) return nullptr;
    failure_.reset();  // what comes first was read; the rest is the next call's
    if (chunk->entries.empty()) continue;
    shed_what_is_not_wanted(*chunk);
    return chunk;
  }
}

void SegmentReader::read_block(const SegmentTable::Place& place, std::uint64_t max_bytes, JournalChunk& chunk) {
  const std::uint64_t buffer_at = offset();
  std::uint64_t size = std::clamp(max_bytes, kMinBlockBytes, kMaxBlockBytes);
  if (!own_blocks_.empty() && !bad_from_)
    size = std::min(size, std::max(own_blocks_end(own_blocks_, buffer_at) - buffer_at, kMinBlockBytes));
  size = std::min(size, place.limit - buffer_at);
  if (!read_beginning(size, chunk.buffer)) return;
  while (offset() < std::min(buffer_at + chunk.buffer.size(), place.limit)) {
    if (take_frame(place, chunk.buffer, buffer_at, chunk) == Step::stop) break;
  }
  // Past what was read before the byte that cannot be: that was no failure yet.
  if (offset() > buffer_at) failure_.reset();
}

bool SegmentReader::read_beginning(std::uint64_t size, std::string& buffer) {
  while (true) {
    const auto read = read_range(*file_, offset(), static_cast<std::size_t>(size), buffer);
    if (read) break;
    if (!failure_) failure_ = read.error();
    // The entries before a page that cannot be read are delivered still.
    const std::uint64_t to_page_end = kMinBlockBytes - offset() % kMinBlockBytes;
    if (size <= to_page_end) return false;
    size = std::max(size / 2, to_page_end);
  }
  buffer.resize(static_cast<std::size_t>(size));  // a file cut short reads as zeros
  return true;
}

SegmentReader::Step SegmentReader::take_frame(const SegmentTable::Place& place, std::string& buffer,
                                              std::uint64_t buffer_at, JournalChunk& chunk) {
  const std::uint64_t at = offset();
  std::string_view bytes = std::string_view(buffer).substr(static_cast<std::size_t>(at - buffer_at));
  if (bytes.size() < std::min<std::uint64_t>(kFrameHeaderLimit, place.limit - at)) return Step::stop;
  const auto header = decode_frame_header(bytes, segment_->seed);
  if (!header || header->sequence <= last_sequence_ || at + header->frame_bytes() > place.limit)
    return resync(place, bytes);
  const std::uint64_t end = at + header->frame_bytes();
  const bool wanted = header->kind == FrameKind::entry && header->environment == environment_;
  const bool cut = end > buffer_at + buffer.size();
  if (wanted && cut) {
    if (!chunk.entries.empty()) return Step::stop;
    // Nothing points into the buffer yet: read the whole of this entry, however large.
    if (auto read = read_range(*file_, at, static_cast<std::size_t>(end - at), buffer); !read) {
      failure_ = read.error();
      return Step::stop;
    }
    buffer.resize(static_cast<std::size_t>(end - at));  // a file cut short reads as zeros
    bytes = buffer;
  }
  found_good(place, at, header->sequence);
  last_sequence_ = header->sequence;
  follows_ = true;
  if (wanted) {
    const std::string_view payload = bytes.substr(header->header_bytes(), header->payload_bytes);
    if (payload_holds(*header, payload, segment_->seed)) {
      chunk.entries.push_back({place.segment->position_of(at), place.segment->position_of(end), environment_,
                               header->received_ms, header->counts, payload, std::exchange(stepped_over_loss_, false)});
    } else {
      stepped_over_loss_ = true;
      if (table_.holds_segment(*segment_))
        table_.note_damage(*segment_, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end), "while reading",
                           1);
    }
  }
  move_to(end);
  return cut ? Step::stop : Step::go_on;
}

// The next place that may be a frame. Where the block ends first, the rest of the search is the next block's.
SegmentReader::Step SegmentReader::resync(const SegmentTable::Place& place, std::string_view rest) {
  if (!bad_from_) bad_from_ = offset();
  std::uint64_t next = offset() + find_frame_magic(rest, kFrameAlignment);
  if (next + kFrameMinBytes > place.limit) next = place.limit;
  move_to(next);
  if (next == place.limit) found_good(place, next, place.next_sequence);
  return Step::go_on;
}

// `sequence`: of what is there. Numbers in between were entries.
void SegmentReader::found_good(const SegmentTable::Place& place, std::uint64_t offset, std::uint64_t sequence) {
  if (!bad_from_) return;
  stepped_over_loss_ = true;
  if (table_.holds_segment(*place.segment))
    table_.note_damage(*segment_, static_cast<std::uint32_t>(*bad_from_), static_cast<std::uint32_t>(offset),
                       "while reading", follows_ && sequence > last_sequence_ + 1 ? sequence - last_sequence_ - 1 : 0);
  bad_from_.reset();
}

}  // namespace sluice::journal
