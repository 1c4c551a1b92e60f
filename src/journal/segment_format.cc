#include "journal/segment_format.h"

#include <fmt/format.h>

#include <bit>

#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32c.h"

namespace sluice::journal {
namespace {

constexpr std::string_view kSegmentMagic = "SLUICEJL";
constexpr std::uint32_t kFrameMagic = 0x4D524653;  // "SFRM"
constexpr std::size_t kHeaderCopyBytes = 60;

bool is_whole_copy(const char* at) {
  return std::string_view(at, kSegmentMagic.size()) == kSegmentMagic && load<std::uint32_t>(at + 56) == crc32c(at, 56);
}

std::optional<SegmentHeader> decode_copy(const char* at) {
  if (!is_whole_copy(at)) return std::nullopt;
  if (load<std::uint32_t>(at + 8) != kJournalFormatVersion) return std::nullopt;
  SegmentHeader header;
  header.previous_end = load<std::uint32_t>(at + 12);
  header.number = load<std::uint64_t>(at + 16);
  header.identity = load<std::uint64_t>(at + 24);
  header.segment_bytes = load<std::uint64_t>(at + 32);
  header.created_ms = load<std::int64_t>(at + 40);
  header.first_sequence = load<std::uint64_t>(at + 48);
  if (header.segment_bytes < kMinSegmentBytes || header.segment_bytes > kMaxSegmentBytes) return std::nullopt;
  return header;
}

std::uint32_t kinds_present(const event::EventKindCounts& counts) {
  std::uint32_t present = 0;
  for (std::size_t kind = 0; kind < counts.size(); ++kind)
    if (counts[kind] != 0) present |= 1u << kind;
  return present;
}

std::uint32_t header_bytes_for(const event::EventKindCounts& counts) {
  return kFrameFixedBytes + 4 * static_cast<std::uint32_t>(std::popcount(kinds_present(counts)));
}

std::uint64_t aligned(std::uint64_t bytes) { return (bytes + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment; }

}  // namespace

std::string encode_segment_header(const SegmentHeader& header) {
  std::string block(kSegmentHeaderBytes, '\0');
  char* at = block.data();
  kSegmentMagic.copy(at, kSegmentMagic.size());
  store<std::uint32_t>(at + 8, kJournalFormatVersion);
  store<std::uint32_t>(at + 12, header.previous_end);
  store<std::uint64_t>(at + 16, header.number);
  store<std::uint64_t>(at + 24, header.identity);
  store<std::uint64_t>(at + 32, header.segment_bytes);
  store<std::int64_t>(at + 40, header.created_ms);
  store<std::uint64_t>(at + 48, header.first_sequence);
  store<std::uint32_t>(at + 56, crc32c(at, 56));
  std::memcpy(at + kSegmentHeaderCopyAt, at, kHeaderCopyBytes);
  return block;
}

std::optional<SegmentHeader> decode_segment_header(std::string_view block) {
  for (const std::size_t at : {std::size_t{0}, std::size_t{kSegmentHeaderCopyAt}}) {
    if (block.size() < at + kHeaderCopyBytes) continue;
    if (auto header = decode_copy(block.data() + at)) return header;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> foreign_segment_version(std::string_view block) {
  for (const std::size_t at : {std::size_t{0}, std::size_t{kSegmentHeaderCopyAt}}) {
    if (block.size() < at + kHeaderCopyBytes || !is_whole_copy(block.data() + at)) continue;
    const auto version = load<std::uint32_t>(block.data() + at + 8);
    if (version != kJournalFormatVersion) return version;
  }
  return std::nullopt;
}

std::uint32_t frame_seed(const SegmentHeader& header) {
  char bytes[16];
  store<std::uint64_t>(bytes, header.number);
  store<std::uint64_t>(bytes + 8, header.identity);
  return crc32c(bytes, sizeof bytes);
}

std::uint32_t FrameHeader::header_bytes() const { return header_bytes_for(counts); }
std::uint64_t FrameHeader::frame_bytes() const { return aligned(std::uint64_t{header_bytes()} + payload_bytes); }
std::uint64_t frame_bytes_for(std::uint64_t payload_bytes, const event::EventKindCounts& counts) {
  return aligned(header_bytes_for(counts) + payload_bytes);
}

void append_frame_header(std::string& out, const FrameHeader& header, std::uint32_t seed) {
  char bytes[kFrameHeaderLimit];
  store<std::uint32_t>(bytes, kFrameMagic);
  store<std::uint32_t>(bytes + 8, header.payload_crc);
  store<std::uint32_t>(bytes + 12, header.payload_bytes);
  store<std::uint64_t>(bytes + 16, header.sequence);
  store<std::int64_t>(bytes + 24, header.received_ms);
  store<std::uint32_t>(bytes + 32, header.durable_before);
  store<std::uint16_t>(bytes + 36, static_cast<std::uint16_t>(kinds_present(header.counts)));
  store<std::uint16_t>(bytes + 38, static_cast<std::uint16_t>(header.kind));
  std::memcpy(bytes + 40, header.environment.bytes.data(), ObjectId::kBytes);
  std::memcpy(bytes + 52, header.dedupe_key.data(), header.dedupe_key.size());
  std::uint32_t size = kFrameFixedBytes;
  for (const std::uint64_t count : header.counts) {
    if (count == 0) continue;
    SLUICE_CHECK(count <= UINT32_MAX, "an entry holds fewer than 2^32 events");
    store<std::uint32_t>(bytes + size, static_cast<std::uint32_t>(count));
    size += 4;
  }
  store<std::uint32_t>(bytes + 4, crc32c(bytes + 8, size - 8, seed));
  out.append(bytes, size);
}

std::optional<FrameHeader> decode_frame_header(std::string_view bytes, std::uint32_t seed) {
  if (bytes.size() < kFrameFixedBytes || load<std::uint32_t>(bytes.data()) != kFrameMagic) return std::nullopt;
  const char* at = bytes.data();
  const auto present = load<std::uint16_t>(at + 36);
  const std::uint32_t size = kFrameFixedBytes + 4 * static_cast<std::uint32_t>(std::popcount(present));
  if (bytes.size() < size || load<std::uint32_t>(at + 4) != crc32c(at + 8, size - 8, seed)) return std::nullopt;
  FrameHeader header;
  header.payload_crc = load<std::uint32_t>(at + 8);
  header.payload_bytes = load<std::uint32_t>(at + 12);
  header.sequence = load<std::uint64_t>(at + 16);
  header.received_ms = load<std::int64_t>(at + 24);
  header.durable_before = load<std::uint32_t>(at + 32);
  header.kind = static_cast<FrameKind>(load<std::uint16_t>(at + 38));
  std::memcpy(header.environment.bytes.data(), at + 40, ObjectId::kBytes);
  std::memcpy(header.dedupe_key.data(), at + 52, header.dedupe_key.size());
  const char* count = at + kFrameFixedBytes;
  for (std::size_t kind = 0; kind < header.counts.size(); ++kind) {
    if ((present >> kind & 1u) == 0) continue;
    header.counts[kind] = load<std::uint32_t>(count);
    if (header.counts[kind] == 0) return std::nullopt;  // never written; its size could not be derived from the counts
    count += 4;
  }
  if (header.kind != FrameKind::entry && header.kind != FrameKind::filler) return std::nullopt;
  return header;
}

std::uint32_t frame_payload_crc(std::string_view payload, std::uint32_t seed) {
  return crc32c(payload.data(), payload.size(), seed);
}

bool payload_holds(const FrameHeader& header, std::string_view payload, std::uint32_t seed) {
  return header.kind == FrameKind::filler || frame_payload_crc(payload, seed) == header.payload_crc;
}

std::size_t find_frame_magic(std::string_view bytes, std::size_t from) {
  std::size_t at = from;
  for (; at + sizeof kFrameMagic <= bytes.size(); at += kFrameAlignment)
    if (load<std::uint32_t>(bytes.data() + at) == kFrameMagic) return at;
  return bytes.size() / kFrameAlignment * kFrameAlignment;
}

std::string segment_file_name(std::uint64_t number) { return fmt::format("{:010}.segment", number); }
std::string index_file_name(std::uint64_t number) { return fmt::format("{:010}.index", number); }

}  // namespace sluice::journal
