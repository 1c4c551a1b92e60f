// Reads one environment's entries back, from segment to segment. One thread for each reader.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal/journal.h"
#include "journal/segment_table.h"

namespace sluice::journal {

class SegmentReader final : public JournalReader {
 public:
  SegmentReader(SegmentTable& table, const ObjectId& environment, Position from);

  std::shared_ptr<const JournalChunk> read(std::uint64_t max_bytes) override;
  Position position() const override { return position_; }
  const std::optional<storage::FileError>& failure() const override { return failure_; }
  bool more() const override { return more_; }

 private:
  enum class Step : std::uint8_t { go_on, stop };

  void enter(const SegmentTable::Place& place);
  // Where this environment may have its next entry, from the position on.
  std::uint64_t next_own(const SegmentTable::Place& place) const;
  // Reads one block at the position; moves the position over all that was looked at. Sets failure_.
  void read_block(const SegmentTable::Place& place, std::uint64_t max_bytes, JournalChunk& chunk);
  // As much of it as can be read from its beginning.
  bool read_beginning(std::uint64_t size, std::string& buffer);
  Step take_frame(const SegmentTable::Place& place, std::string& buffer, std::uint64_t buffer_at, JournalChunk& chunk);
  Step resync(const SegmentTable::Place& place, std::string_view rest);
  void found_good(const SegmentTable::Place& place, std::uint64_t offset, std::uint64_t sequence);
  std::uint64_t offset() const { return offset_of(position_); }
  void move_to(std::uint64_t offset) { position_ = segment_->position_of(offset); }

  SegmentTable& table_;
  const ObjectId environment_;
  Position position_;
  std::shared_ptr<Segment> segment_;  // that of position_, and its file
  std::shared_ptr<storage::File> file_;
  std::vector<std::uint32_t> own_blocks_;  // of the segment, from its index; empty: unknown
  std::uint64_t last_sequence_ = 0;
  bool follows_ = false;  // last_sequence_ is that of the frame right before the position
  std::optional<storage::FileError> failure_;
  bool more_ = false;
  std::optional<std::uint64_t> bad_from_;  // nothing whole has been found since this offset
  bool stepped_over_loss_ = false;         // since the last entry that was returned
};

}  // namespace sluice::journal
