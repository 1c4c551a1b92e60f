// The CBOR body of PutRecords (application/x-amz-cbor-1.1), as AWS's SDK for Java and the KPL send it to Kinesis: the
// members' names are those of the JSON form, and Data is a byte string instead of base64. A quarter smaller, and no
// encoding.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
// https://github.com/aws/aws-sdk-java-v2/tree/master/core/protocols/aws-cbor-protocol
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "destinations/kinesis/hash_key.h"

namespace sluice::kinesis {

// One thread. Each byte of a record is written once: the caller writes a record's data where it is sent from.
class PutRecordsCbor {
 public:
  // The ARN wins over the name.
  PutRecordsCbor(std::string_view stream_arn, std::string_view stream_name);

  // Starts a body of exactly `records` records, which count about `bytes` together (counted_bytes()). `buffer` is
  // written over: hand in an earlier body as it is, not emptied, because what it holds beyond its size has to be filled
  // with zeros first (a std::string cannot grow otherwise).
  void begin(std::string buffer, std::size_t records, std::uint64_t bytes);
  // `write` is called once, with where to write `data_bytes` bytes, and returns their end.
  template <typename Write>
  void add(std::size_t data_bytes, Write&& write, std::string_view partition_key,
           const std::optional<HashKey>& explicit_hash_key) {
    char* const data = begin_record(data_bytes, partition_key, explicit_hash_key.has_value());
    char* const end = std::forward<Write>(write)(data);
    SLUICE_CHECK(end == data + data_bytes, "a record is as long as announced");
    end_record(end, partition_key, explicit_hash_key);
  }
  std::string finish();

 private:
  char* begin_record(std::size_t data_bytes, std::string_view partition_key, bool has_hash_key);
  void end_record(char* out, std::string_view partition_key, const std::optional<HashKey>& explicit_hash_key);
  void make_room(std::size_t bytes);

  std::string head_;
  std::string body_;  // its size is what may be written, not what has been
  std::size_t used_ = 0;
  std::size_t missing_records_ = 0;
};

}  // namespace sluice::kinesis
