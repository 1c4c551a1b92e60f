#include "journal/frame_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/crc32c.h"

namespace sluice::journal {
namespace {

// With payloads skipped, most of a large window would be read for nothing.
constexpr std::size_t kCheckWindowBytes = 1u << 20;
constexpr std::size_t kSkipWindowBytes = 16u << 10;

}  // namespace

storage::FileResult<void> read_range(const storage::File& file, std::uint64_t offset, std::size_t size,
                                     std::string& out) {
  out.resize(size);
  const auto got = file.read_at(offset, out.data(), size);
  if (!got) {
    storage::FileError error = got.error();
    error.message += fmt::format(" (bytes {} to {})", offset, offset + size);
    return tl::unexpected(std::move(error));
  }
  out.resize(*got);
  return {};
}

FrameWalk::FrameWalk(const storage::File& file, std::uint32_t seed, std::uint64_t from, std::uint64_t limit,
                     std::uint64_t sequence_before, Payloads payloads)
    : file_(file),
      seed_(seed),
      offset_(std::max<std::uint64_t>(from, kSegmentHeaderBytes)),
      limit_(limit),
      last_sequence_(sequence_before),
      payloads_(payloads) {}

storage::FileResult<std::string_view> FrameWalk::window(std::size_t size) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, limit_ - offset_));
  if (offset_ < buffer_at_ || offset_ + wanted > buffer_at_ + buffer_.size()) {
    const std::size_t usual = payloads_ == Payloads::check ? kCheckWindowBytes : kSkipWindowBytes;
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(std::max(usual, wanted), limit_ - offset_));
    buffer_at_ = offset_;
    if (auto read = read_range(file_, offset_, step, buffer_); !read) {
      buffer_.clear();
      return tl::unexpected(read.error());
    }
    buffer_.resize(step);  // a file cut short reads as zeros
  }
  return std::string_view(buffer_).substr(static_cast<std::size_t>(offset_ - buffer_at_));
}

// In steps, so that a frame of the whole segment does not need a buffer of its size.
storage::FileResult<bool> FrameWalk::payload_holds(const WalkedFrame& frame) {
  if (frame.header.kind == FrameKind::filler) return true;
  offset_ = frame.offset + frame.header.header_bytes();
  std::uint64_t left = frame.header.payload_bytes;
  std::uint32_t crc = seed_;
  while (left > 0) {
    const auto read = window(1);
    if (!read) return tl::unexpected(read.error());
    const std::string_view bytes =
        read->substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left, read->size())));
    crc = crc32c(bytes.data(), bytes.size(), crc);
    offset_ += bytes.size();
    left -= bytes.size();
  }
  return crc == frame.header.payload_crc;
}

storage::FileResult<std::optional<WalkedFrame>> FrameWalk::next() {
  while (offset_ + kFrameMinBytes <= limit_) {
    const auto bytes = window(kFrameHeaderLimit);
    if (!bytes) return tl::unexpected(bytes.error());
    const auto header = decode_frame_header(*bytes, seed_);
    if (header && header->sequence > last_sequence_ && offset_ + header->frame_bytes() <= limit_ &&
        header->durable_before <= offset_) {
      WalkedFrame frame;
      frame.offset = static_cast<std::uint32_t>(offset_);
      frame.end = static_cast<std::uint32_t>(offset_ + header->frame_bytes());
      frame.header = *header;
      if (payloads_ == Payloads::check) {
        const auto holds = payload_holds(frame);
        if (!holds) {
          offset_ = frame.offset;
          return tl::unexpected(holds.error());
        }
        frame.payload_holds = *holds;
      }
      last_sequence_ = header->sequence;
      offset_ = frame.end;
      return frame;
    }
    offset_ += find_frame_magic(*bytes, kFrameAlignment);
  }
  return std::nullopt;
}

}  // namespace sluice::journal
