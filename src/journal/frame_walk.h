// Walks over a segment's frames with a small window, for recovery, for rebuilding an index and for counting. One
// thread. An I/O error is an error, never bytes: what was not read may be whole, and may be read the next time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "journal/segment_format.h"
#include "storage/file_system.h"

namespace sluice::journal {

// Reads all of [offset, offset + size) that the file has: `out` is shorter only where the file ends before. An error
// names the bytes.
storage::FileResult<void> read_range(const storage::File& file, std::uint64_t offset, std::size_t size,
                                     std::string& out);

struct WalkedFrame {
  std::uint32_t offset = 0, end = 0;
  FrameHeader header;
  bool payload_holds = true;  // always when payloads are not checked
};

class FrameWalk {
 public:
  enum class Payloads : std::uint8_t { skip, check };

  // Walks [from, limit); frames reach no further than `limit`, and their sequence numbers are above `sequence_before`.
  FrameWalk(const storage::File& file, std::uint32_t seed, std::uint64_t from, std::uint64_t limit,
            std::uint64_t sequence_before, Payloads payloads);

  // The next frame with an intact header; nothing at the end. Bytes between one frame's end and the next one's offset
  // are no frame. After an error the walk does not move: next() reads again.
  storage::FileResult<std::optional<WalkedFrame>> next();

 private:
  // The bytes at offset_, at least `size` of them unless the walk's end comes first.
  storage::FileResult<std::string_view> window(std::size_t size);
  storage::FileResult<bool> payload_holds(const WalkedFrame& frame);

  const storage::File& file_;
  std::uint32_t seed_;
  std::uint64_t offset_;
  std::uint64_t limit_;
  std::uint64_t last_sequence_;
  Payloads payloads_;
  std::string buffer_;
  std::uint64_t buffer_at_ = 0;
};

}  // namespace sluice::journal
