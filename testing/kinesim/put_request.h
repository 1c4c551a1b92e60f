// Reads the bodies of PutRecords and PutRecord, JSON and CBOR, in one pass without a tree: this is what decides how
// fast the simulator takes records. Data is always decoded and checked.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kinesim {

struct PutRequestEntry {
  std::optional<std::string_view> data;  // decoded
  std::optional<std::string_view> partition_key;
  std::optional<std::string_view> explicit_hash_key;
};

// One a thread, reused: views point into the body and into memory that the next parse overwrites.
class PutRequest {
 public:
  std::optional<std::string_view> stream_name;
  std::optional<std::string_view> stream_arn;
  std::optional<std::string_view> sequence_number_for_ordering;
  bool has_records = false;
  std::vector<PutRequestEntry> entries;  // of Records
  PutRequestEntry single;                // of PutRecord's own fields

  // An error says what is wrong with the body, for a SerializationException.
  sluice::Result<void> parse_json(std::string_view body);
  sluice::Result<void> parse_cbor(std::string_view body);

  // For the parsers: memory for decoded text, as much in all as the body is long.
  char* room() { return memory_.get() + used_; }
  std::string_view keep(std::size_t size) {
    const std::string_view kept(room(), size);
    used_ += size;
    return kept;
  }

 private:
  void begin(std::size_t body_size);
  std::unique_ptr<char[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;
};

}  // namespace kinesim
