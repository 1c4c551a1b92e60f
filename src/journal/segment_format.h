// The bytes of a segment: its header and its frames. docs/journal-format.md says the same in words and with an example.
// Pure functions of bytes; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/object_id.h"
#include "event/kind.h"
#include "journal/journal.h"

namespace sluice::journal {

inline constexpr std::uint32_t kJournalFormatVersion = 1;
// The first frame starts here. The header's two copies lie at 0 and kSegmentHeaderCopyAt.
inline constexpr std::uint32_t kSegmentHeaderBytes = 4096;
inline constexpr std::uint32_t kSegmentHeaderCopyAt = 2048;
// Frames start at multiples of it.
inline constexpr std::uint32_t kFrameAlignment = 8;
// A frame's header: the fixed part, and four bytes for each kind of event that the entry has.
inline constexpr std::uint32_t kFrameFixedBytes = 68;
inline constexpr std::uint32_t kFrameHeaderLimit = kFrameFixedBytes + 4 * event::kEventKindLimit;
inline constexpr std::uint32_t kFrameMinBytes = 72;

// Offsets within a segment are 32 bits, and a segment is read whole at start.
inline constexpr std::uint64_t kMinSegmentBytes = 64ull << 10;
inline constexpr std::uint64_t kMaxSegmentBytes = 1ull << 30;

struct SegmentHeader {
  std::uint64_t number = 0;
  std::uint64_t identity = 0;  // random: no two uses of one file, or of one number, have the same
  std::uint64_t segment_bytes = 0;
  std::int64_t created_ms = 0;
  std::uint64_t first_sequence = 0;
  std::uint32_t previous_end = 0;  // where segment `number - 1` ends, all of it synced; 0: there was none
  bool operator==(const SegmentHeader&) const = default;
};

// kSegmentHeaderBytes, both copies.
std::string encode_segment_header(const SegmentHeader& header);
// `block`: the segment's first kSegmentHeaderBytes. Nothing when neither copy is whole.
std::optional<SegmentHeader> decode_segment_header(std::string_view block);
// The version of a whole header that is not kJournalFormatVersion: another Sluice's. All versions keep the header's
// length, magic, version and CRC where they are. Nothing when there is no such header.
std::optional<std::uint32_t> foreign_segment_version(std::string_view block);
// Checksums of the segment's frames start from it.
std::uint32_t frame_seed(const SegmentHeader& header);

enum class FrameKind : std::uint16_t {
  entry = 1,
  filler =
      2,  // no entry: what a torn write left, or (empty) the mark of an orderly stop. Its payload is never looked at
};

struct FrameHeader {
  FrameKind kind = FrameKind::entry;
  std::uint32_t payload_crc = 0;
  std::uint32_t payload_bytes = 0;
  std::uint64_t sequence = 0;
  std::int64_t received_ms = 0;
  std::uint32_t durable_before = 0;  // offset in this segment: all before it was synced when this frame was written
  ObjectId environment;
  DedupeKey dedupe_key{};
  event::EventKindCounts counts{};  // each below 2^32

  std::uint32_t header_bytes() const;
  std::uint64_t frame_bytes() const;  // header, payload, padding
  bool operator==(const FrameHeader&) const = default;
};

// The whole frame's size for an entry of that many bytes with that many kinds of event in it.
std::uint64_t frame_bytes_for(std::uint64_t payload_bytes, const event::EventKindCounts& counts);

// Appends the header; the payload follows it, then zeros to the next multiple of kFrameAlignment.
void append_frame_header(std::string& out, const FrameHeader& header, std::uint32_t seed);

// `bytes` begin where the frame does and have kFrameHeaderLimit bytes or all that the segment has left. Nothing when
// this is no whole frame header of the segment with that seed.
std::optional<FrameHeader> decode_frame_header(std::string_view bytes, std::uint32_t seed);

std::uint32_t frame_payload_crc(std::string_view payload, std::uint32_t seed);
bool payload_holds(const FrameHeader& header, std::string_view payload, std::uint32_t seed);

// The first offset in [from, bytes.size()), a multiple of kFrameAlignment, at which `bytes` has a frame header's magic;
// bytes.size() rounded down to the alignment when there is none.
std::size_t find_frame_magic(std::string_view bytes, std::size_t from);

// File names inside the segments folder.
std::string segment_file_name(std::uint64_t number);
std::string index_file_name(std::uint64_t number);

inline constexpr Position make_position(std::uint64_t number, std::uint64_t offset) { return {number << 32 | offset}; }
inline constexpr std::uint64_t segment_of(Position position) { return position.value >> 32; }
inline constexpr std::uint32_t offset_of(Position position) { return static_cast<std::uint32_t>(position.value); }

}  // namespace sluice::journal
