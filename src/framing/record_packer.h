// Packs events into records that fill the units that Kinesis bills: a PUT payload unit is 25 KiB of a record, and a
// record that begins one pays for it (https://aws.amazon.com/kinesis/data-streams/pricing/). Records are given in the
// order of their events. While enough events come, a record fills 95 % of its units or more; otherwise it goes when
// its oldest event has waited for the linger time.
//
// Uncompressed records take events until the next does not fit. Compressed ones take as many as the ratio of the
// records before suggests and are compressed in one go; a record that turns out too large gives events back, one that
// is clearly too small takes more, once. A record is therefore compressed once as a rule, and 3 + log2(its events)
// times at most.
//
// One thread. Times are of the steady clock, in microseconds. It holds what put() got and take() did not give, and a
// buffer of one record's lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "framing/compressor.h"
#include "framing/encoding.h"
#include "framing/record.h"

namespace sluice::framing {

inline constexpr std::uint64_t kPutUnitBytes = 25'600;

// The lines in one record, before compression: what a consumer must be able to hold. An event that is larger alone is
// alone in its record.
inline constexpr std::uint64_t kMaxLinesBytes = 4u << 20;

// Events of one record. Firehose's dynamic partitioning takes 500 after deaggregation
// (https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-multirecord-deaggergation.html), which the
// encodings that it reads keep. Compressed records are for consumers of one's own: enough for 100 KiB of small events.
inline constexpr std::uint64_t kMaxEvents = 500;
inline constexpr std::uint64_t kMaxCompressedEvents = 5'000;

// What a record counts at most when nothing else is configured: data and partition key.
//   ndjson, compressed: 4 units. The room that is left at the end of a record is that of half an event on average, and
//     compression finds more to share in more lines: 4 units take 3 to 4 % fewer bytes than 1, 20 units less than 1 %
//     fewer again (framing_bench).
//   kpl: 2 units, just under the 51,200 bytes at which AWS's own library closes a record (AggregationMaxSize,
//     https://github.com/awslabs/amazon-kinesis-producer/blob/master/java/amazon-kinesis-producer-sample/default_config.properties).
constexpr std::uint64_t default_record_bytes(Encoding encoding) {
  return (encoding == Encoding::kpl ? 2 : 4) * kPutUnitBytes;
}

struct PackLimits {
  std::uint64_t record_bytes;  // data and key; rounded down to whole units, one at least
  std::uint64_t max_events;
  std::int64_t linger_us;
  std::uint32_t key_bytes;  // of the partition key, which counts beside the data
  // What the encoding adds, of those that do: to a record, and the size that an event takes in it.
  std::uint32_t fixed_bytes = 0;
  std::uint64_t (*event_bytes)(std::uint64_t line_bytes) = nullptr;
};

class RecordPacker {
 public:
  // A packed encoding (is_packed).
  RecordPacker(Encoding encoding, PackLimits limits);

  void put(exporting::OutboundEvent event);
  // A full record, or what has lingered long enough, or with `flush` whatever there is. Call it after put(): an event's
  // time of waiting begins with the first take() after it.
  std::optional<Record> take(std::int64_t now_us, bool flush);
  // When to call take() again at the latest: 0 for at once, INT64_MAX for never.
  std::int64_t due_us() const;

  std::size_t events() const { return held_.size(); }
  std::uint64_t bytes() const { return line_bytes_; }  // of their lines

  // Two records of the same events, for one that was refused for its size or for something in it. It has two events or
  // more.
  std::pair<Record, Record> split(Record record);

 private:
  struct Held {
    exporting::OutboundEvent event;
    std::int64_t since_us;
  };

  bool is_full() const;
  std::uint64_t framed(const exporting::OutboundEvent& event) const;
  double fill(std::uint64_t data_bytes) const;

  std::size_t plain_count(bool overdue) const;
  std::optional<Record> take_compressed(bool overdue);
  // How many of the held events a record may have, whatever their compressed size. Where their lines end is in ends_.
  std::size_t most_events();
  std::size_t events_within(double line_bytes, std::size_t most) const;
  std::string_view compress_first(std::size_t count);
  void learn(std::uint64_t line_bytes, std::uint64_t compressed_bytes);
  Record cut(std::size_t count);
  void finish(Record& record);

  const PackLimits limits_;
  const std::uint64_t room_;  // for data, in a record of limits_.record_bytes
  std::optional<Compressor> compressor_;

  std::deque<Held> held_;
  std::size_t unstamped_ = 0;  // at the end of held_: put() since the last take()
  std::uint64_t line_bytes_ = 0;
  std::uint64_t framed_bytes_ = 0;

  double ratio_;                 // of lines to their compressed size, in the last records
  std::uint32_t too_early_ = 0;  // compressions that found the next record not full yet
  std::vector<std::uint64_t> ends_;
  std::string lines_;
  std::size_t lines_written_ = 0;  // of the first events held
};

}  // namespace sluice::framing
