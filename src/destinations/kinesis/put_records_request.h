// The JSON body of PutRecords, written record by record straight into a buffer that is used again.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "destinations/kinesis/hash_key.h"
#include "export/limits.h"

namespace sluice::kinesis {

// Counts against the record's and the call's limits, and against the shard's bytes: kept short. 40 random bits spread
// evenly; nothing depends on two records' keys being different.
inline constexpr std::size_t kPartitionKeyBytes = 8;

// Of the API, whatever the stream's own limit is.
inline constexpr std::uint64_t kMaxApiRecordBytes = 10'485'760;  // data before base64 and partition key
static_assert(kMaxApiRecordBytes <= exporting::kMaxRecordBytes, "intake sets aside only what no stream can take");
inline constexpr std::uint64_t kDefaultMaxRecordBytes = 1'048'576;
inline constexpr std::size_t kMaxApiRecords = 500;

// What a record counts against every limit: its bytes before base64 and its partition key.
constexpr std::uint64_t counted_bytes(std::uint64_t record_bytes) { return record_bytes + kPartitionKeyBytes; }

// kPartitionKeyBytes of [a-v0-9].
std::array<char, kPartitionKeyBytes> random_partition_key(Random& random);

// One thread.
class PutRecordsBody {
 public:
  // The ARN wins over the name.
  PutRecordsBody(std::string_view stream_arn, std::string_view stream_name);

  // Starts a body of `records` records, which count about `bytes` together, in `buffer`, whose capacity is kept.
  void begin(std::string buffer, std::size_t records, std::uint64_t bytes);
  // `write` is called once, with where to write `data_bytes` bytes, and returns their end.
  template <typename Write>
  void add(std::size_t data_bytes, Write&& write, std::string_view partition_key,
           const std::optional<HashKey>& explicit_hash_key) {
    char* const data = begin_record(data_bytes);
    char* const end = std::forward<Write>(write)(data);
    SLUICE_CHECK(end == data + data_bytes, "a record is as long as announced");
    end_record({data, data_bytes}, partition_key, explicit_hash_key);
  }
  std::string finish();

 private:
  char* begin_record(std::size_t data_bytes);
  void end_record(std::string_view data, std::string_view partition_key,
                  const std::optional<HashKey>& explicit_hash_key);
  char* scratch(std::size_t bytes);

  std::string head_;
  std::string body_;
  bool first_ = true;
  std::unique_ptr<char[]> scratch_;
  std::size_t scratch_bytes_ = 0;
};

}  // namespace sluice::kinesis
