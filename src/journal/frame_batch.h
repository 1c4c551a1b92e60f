// The frames that one write takes to a segment. Large entries stay where they are and go out by gathering; headers,
// padding and small entries are copied together, which costs less than a piece of their own. One thread; reused.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "journal/segment_format.h"

namespace sluice::journal {

class FrameBatch {
 public:
  void clear();
  // Computes the payload's checksum. `payload` must stay until the batch is written.
  void add(FrameHeader header, std::string_view payload, std::uint32_t seed);
  std::uint64_t bytes() const { return bytes_; }
  const std::vector<FrameHeader>& frames() const { return frames_; }
  // All of it, to be written at `offset`, and zeros to the end of its last page: a page that is written whole need not
  // be read before. Valid until the next add() or clear().
  std::span<const std::string_view> pieces(std::uint64_t offset);

 private:
  struct Piece {
    const char* elsewhere;  // null: in copied_
    std::size_t begin, size;
  };
  void extend_copied(std::size_t from);

  std::string copied_;
  std::vector<Piece> parts_;
  std::vector<std::string_view> pieces_;
  std::vector<FrameHeader> frames_;
  std::uint64_t bytes_ = 0;
};

}  // namespace sluice::journal
