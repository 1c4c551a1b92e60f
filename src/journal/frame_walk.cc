#include "journal/frame_walk.h"

#include <algorithm>

#include "base/crc32c.h"
#include "base/log.h"

namespace sluice::journal {
namespace {

// With payloads skipped, most of a large window would be read for nothing.
constexpr std::size_t kCheckWindowBytes = 1u << 20;
constexpr std::size_t kSkipWindowBytes = 16u << 10;
constexpr std::size_t kPageBytes = 4096;

}  // namespace

void read_what_can_be_read(const storage::File& file, std::uint64_t offset, std::size_t size, std::string& out) {
  out.resize(size);
  auto got = file.read_at(offset, out.data(), size);
  if (!got) got = file.read_at(offset, out.data(), size);
  if (got) {
    out.resize(*got);
    return;
  }
  log_error("journal.read_failed", {{"reason", got.error().message}, {"offset", offset}});
  std::size_t readable_end = 0;
  for (std::size_t at = 0; at < size;) {
    const std::size_t step = std::min(size - at, kPageBytes - (offset + at) % kPageBytes);
    const auto page = file.read_at(offset + at, out.data() + at, step);
    if (!page) std::fill_n(out.data() + at, step, '\0');
    if (page && *page > 0) readable_end = at + *page;
    if (page && *page < step) break;
    at += step;
  }
  if (readable_end < size) std::fill(out.begin() + static_cast<std::ptrdiff_t>(readable_end), out.end(), '\0');
}

FrameWalk::FrameWalk(const storage::File& file, std::uint32_t seed, std::uint64_t from, std::uint64_t limit,
                     std::uint64_t sequence_before, Payloads payloads)
    : file_(file),
      seed_(seed),
      offset_(std::max<std::uint64_t>(from, kSegmentHeaderBytes)),
      limit_(limit),
      last_sequence_(sequence_before),
      payloads_(payloads) {}

std::string_view FrameWalk::window(std::size_t size) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, limit_ - offset_));
  if (offset_ < buffer_at_ || offset_ + wanted > buffer_at_ + buffer_.size()) {
    const std::size_t usual = payloads_ == Payloads::check ? kCheckWindowBytes : kSkipWindowBytes;
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(std::max(usual, wanted), limit_ - offset_));
    read_what_can_be_read(file_, offset_, step, buffer_);
    buffer_.resize(step);  // a file cut short reads as zeros
    buffer_at_ = offset_;
  }
  return std::string_view(buffer_).substr(static_cast<std::size_t>(offset_ - buffer_at_));
}

// In steps, so that a frame of the whole segment does not need a buffer of its size.
bool FrameWalk::payload_holds(const WalkedFrame& frame) {
  if (frame.header.kind == FrameKind::filler) return true;
  offset_ = frame.offset + frame.header.header_bytes();
  std::uint64_t left = frame.header.payload_bytes;
  std::uint32_t crc = seed_;
  while (left > 0) {
    std::string_view bytes = window(1);
    bytes = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes.size())));
    crc = crc32c(bytes.data(), bytes.size(), crc);
    offset_ += bytes.size();
    left -= bytes.size();
  }
  return crc == frame.header.payload_crc;
}

std::optional<WalkedFrame> FrameWalk::next() {
  while (offset_ + kFrameMinBytes <= limit_) {
    const std::string_view bytes = window(kFrameHeaderLimit);
    const auto header = decode_frame_header(bytes, seed_);
    if (header && header->sequence > last_sequence_ && offset_ + header->frame_bytes() <= limit_ &&
        header->durable_before <= offset_) {
      WalkedFrame frame;
      frame.offset = static_cast<std::uint32_t>(offset_);
      frame.end = static_cast<std::uint32_t>(offset_ + header->frame_bytes());
      frame.header = *header;
      if (payloads_ == Payloads::check) frame.payload_holds = payload_holds(frame);
      last_sequence_ = header->sequence;
      offset_ = frame.end;
      return frame;
    }
    offset_ += find_frame_magic(bytes, kFrameAlignment);
  }
  return std::nullopt;
}

}  // namespace sluice::journal
