#include "journal/frame_batch.h"

namespace sluice::journal {
namespace {

// Below it a copy is cheaper than one more piece in a gathering write.
constexpr std::size_t kCopyBelowBytes = 2048;
constexpr std::size_t kPageBytes = 4096;
constexpr char kZeros[kPageBytes] = {};

}  // namespace

void FrameBatch::clear() {
  copied_.clear();
  parts_.clear();
  pieces_.clear();
  frames_.clear();
  bytes_ = 0;
}

void FrameBatch::extend_copied(std::size_t from) {
  if (!parts_.empty() && parts_.back().elsewhere == nullptr) {
    parts_.back().size += copied_.size() - from;
  } else {
    parts_.push_back({nullptr, from, copied_.size() - from});
  }
}

void FrameBatch::add(FrameHeader header, std::string_view payload, std::uint32_t seed) {
  header.payload_bytes = static_cast<std::uint32_t>(payload.size());
  header.payload_crc = frame_payload_crc(payload, seed);
  std::size_t from = copied_.size();
  append_frame_header(copied_, header, seed);
  if (payload.size() < kCopyBelowBytes) {
    copied_.append(payload);
  } else {
    extend_copied(from);
    parts_.push_back({payload.data(), 0, payload.size()});
    from = copied_.size();
  }
  const std::uint64_t frame_bytes = header.frame_bytes();
  copied_.append(static_cast<std::size_t>(frame_bytes - header.header_bytes() - payload.size()), '\0');
  if (copied_.size() > from) extend_copied(from);
  bytes_ += frame_bytes;
  frames_.push_back(header);
}

std::span<const std::string_view> FrameBatch::pieces(std::uint64_t offset) {
  pieces_.clear();
  for (const Piece& part : parts_)
    pieces_.emplace_back(part.elsewhere ? part.elsewhere : copied_.data() + part.begin, part.size);
  const std::size_t in_last_page = static_cast<std::size_t>((offset + bytes_) % kPageBytes);
  if (in_last_page > 0) pieces_.emplace_back(kZeros, kPageBytes - in_last_page);
  return pieces_;
}

}  // namespace sluice::journal
