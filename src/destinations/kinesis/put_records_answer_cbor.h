// PutRecords' answer in CBOR (application/x-amz-cbor-1.1): the members of the JSON form, in any order, of definite
// length or not. AWS's SDK for Java reads it so:
// https://github.com/aws/aws-sdk-java-v2/tree/master/core/protocols/aws-json-protocol
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "destinations/kinesis/cbor_reader.h"
#include "destinations/kinesis/put_records_answer.h"

namespace sluice::kinesis {

struct CborAnswer {
  bool well_formed = false;
  bool has_records = false;
  std::size_t entries = 0;
};
// Appends the first `at_most` of the answer's entries to `records`; their views last as `reader`'s do. Not well-formed:
// `reader.left()` bytes were left when reading stopped.
CborAnswer read_cbor_answer(std::string_view body, std::size_t at_most, CborReader& reader,
                            std::vector<RecordAnswer>& records);

}  // namespace sluice::kinesis
