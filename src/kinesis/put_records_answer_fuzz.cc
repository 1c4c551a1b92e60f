// Whatever Kinesis, a proxy or a broken emulator answers: parsing ends, and a record counts as delivered only if both
// readings agree.

#include <cstdint>
#include <string>

#include "base/check.h"
#include "kinesis/all_good_answer.h"
#include "kinesis/put_records_answer.h"
#include "kinesis/shard_map.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::kinesis;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<RecordAnswer> quick;
  const bool all_good = read_all_good_answer(bytes, quick);
  static PutRecordsAnswerParser parser;
  // A space that JSON allows and the quick reading refuses makes the thorough one run.
  for (std::size_t records = all_good ? quick.size() : 0; records <= 3; ++records) {
    std::string body(bytes);
    const bool fits = parser.parse(body, records);
    SLUICE_CHECK(fits == parser.why().empty(), "a refusal says why");
    SLUICE_CHECK(!fits || parser.records().size() == records, "each record has an answer");
    for (const RecordAnswer& record : parser.records()) shard_named_in(record.error_message);
    if (all_good) break;
  }
  parse_list_shards(bytes);
  parse_stream_summary(bytes);
  return 0;
}
