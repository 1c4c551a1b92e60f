// What one connection is sending of its stream: some blocks as one chunk (RFC 9112, 7.1), or as they are to a client of
// HTTP/1.0, which knows no chunks. It holds the blocks by pointer, and names the bytes that are due as pieces for one
// gather write.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http/stream.h"

namespace sluice::http {

class StreamOutput {
 public:
  // With the blocks of a chunk: its head and its end.
  static constexpr std::size_t kMaxPieces = 18;
  using Pieces = std::array<std::string_view, kMaxPieces>;

  explicit StreamOutput(bool chunked) : chunked_(chunked) {}

  // All was sent, or nothing was due yet.
  bool empty() const { return sent_ == due_; }
  // Not a byte was sent of what is due.
  bool untouched() const { return sent_ == 0; }
  // All bytes of what is due, framing included.
  std::uint64_t due_bytes() const { return due_; }
  // What was due last is the end of the stream.
  bool is_end() const { return end_; }

  // Of empty() ones: these are due next, kMaxPieces - 2 at most.
  void start(std::vector<StreamBlock> blocks);
  // The end is due: of a stream without chunks it is empty.
  void start_end();
  // What is due and not sent; valid until the next call that changes this. Returns how many pieces.
  std::size_t pieces(Pieces& out) const;
  // So many bytes of the pieces were sent. Lets go of the blocks once it is empty.
  void advance(std::size_t bytes);
  std::uint64_t left_bytes() const { return due_ - sent_; }
  // Nothing is due any more: of what is untouched, which is returned.
  std::vector<StreamBlock> take_back();

 private:
  static constexpr std::size_t kHeadBytes = 18;  // 16 hex digits and the line break
  std::vector<StreamBlock> blocks_;
  std::array<char, kHeadBytes> head_{};
  std::uint64_t due_ = 0, sent_ = 0;
  std::uint8_t head_size_ = 0;
  const bool chunked_;
  bool end_ = false;
};

}  // namespace sluice::http
