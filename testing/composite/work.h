// What cannot be left out of an event's way from an SDK's payload to Kinesis, done by one thread in the plainest form,
// to see what the machine allows: a copy (for reading the request), CRC-32C, a walk over the JSON, base64 with the
// record's frame, SHA-256 and the HMACs of the signature, a write to a file, the call and its answer. Without HTTP in,
// without fdatasync, and without all that makes it a product.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "composite/channel.h"

namespace composite {

inline constexpr std::size_t kRecordsACall = 500;

// Each with all that is above it.
enum class Stage : std::uint8_t { encoded, hashed, appended, sent };

class Work {
 public:
  // `file`: where to append, open for writing; `channel`: to a Sink. They outlive this; only those that the stage
  // needs.
  Work(Stage until, int file, Channel* channel);

  // One payload: a JSON array of events, followed by 64 readable bytes. False: the far end is gone, or the disk failed.
  bool take(std::string_view payload);
  std::uint64_t events() const { return events_; }
  // Of all that was computed, so that nothing of it is left out by the compiler.
  std::uint64_t checksum() const { return checksum_; }

 private:
  bool append(std::string_view payload);
  void add_record(std::string_view event, std::string_view key);
  bool flush();

  const Stage until_;
  const int file_;
  Channel* const channel_;
  std::vector<char> received_, body_;
  std::string answer_;
  simdjson::ondemand::parser parser_;
  std::size_t body_size_ = 0, records_ = 0;
  std::uint64_t file_offset_ = 0, events_ = 0, checksum_ = 0;
};

}  // namespace composite
