// The data of a Kinesis record in a destination's encoding, as it is sent with one partition key and hash key.
#pragma once

#include <cstddef>
#include <string_view>

#include "destinations/kinesis/hash_key.h"
#include "framing/encoding.h"
#include "framing/record.h"

namespace sluice::kinesis {

class RecordData {
 public:
  explicit RecordData(framing::Encoding encoding) : encoding_(encoding) {}

  // An aggregated record names the hash key that it is sent with: it always needs one.
  bool needs_hash_key() const { return encoding_ == framing::Encoding::kpl; }
  // `hash_key` counts only if needs_hash_key().
  std::size_t size(const framing::Record& record, std::string_view partition_key, HashKey hash_key) const;
  // Writes size() bytes; returns the end.
  char* write(const framing::Record& record, std::string_view partition_key, HashKey hash_key, char* out) const;

 private:
  const framing::Encoding encoding_;
};

}  // namespace sluice::kinesis
