// Where in a segment an environment has entries, and how many: a row for each 64 KiB of the segment in which one of its
// entries starts. So a reader skips what is not its own, and a count between two positions reads two blocks and no
// segment. In memory while a segment is written, in its index file afterwards (docs/journal-format.md, "Index").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal.h"
#include "journal/segment_format.h"

namespace sluice::journal {

inline constexpr std::uint32_t kSegmentBlockBytes = 64u << 10;

struct BlockRow {
  std::uint32_t first = 0;  // offset in the segment of the first of its entries that start in the block
  JournalCount count;       // of all of them
};

// One environment's rows, in order, as they are stored. One thread.
class BlockRows {
 public:
  void add(const FrameHeader& header, std::uint32_t offset);
  const std::string& bytes() const { return bytes_; }
  const std::vector<std::uint32_t>& firsts() const { return firsts_; }

 private:
  std::string bytes_;
  std::vector<std::uint32_t> firsts_;
  std::size_t last_row_ = 0;
};

// Takes the first row off `rows`; nothing at the end, and when it is no row.
std::optional<BlockRow> take_block_row(std::string_view& rows);
// The `first` of each row.
std::vector<std::uint32_t> block_firsts(std::string_view rows);
// From `offset` on: where the environment may have its next entry. `offset` itself when that lies in one of its blocks;
// `end` when nothing comes.
std::uint64_t next_own_offset(const std::vector<std::uint32_t>& firsts, std::uint64_t offset, std::uint64_t end);

// Where the blocks with entries of its own end that follow each other from that of `offset` on.
std::uint64_t own_blocks_end(const std::vector<std::uint32_t>& firsts, std::uint64_t offset);

}  // namespace sluice::journal
