// Whatever Kinesis, a proxy or a broken emulator answers: parsing ends, and every record has an answer or the whole
// has none.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "destinations/kinesis/error_class.h"
#include "destinations/kinesis/put_records_answer.h"
#include "destinations/kinesis/shard_map.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::kinesis;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static PutRecordsAnswerParser parser;
  for (std::size_t records = 0; records <= 3; ++records) {
    std::string body(bytes);
    const bool fits = parser.parse(body, records);
    SLUICE_CHECK(fits == parser.why().empty(), "a refusal says why");
    SLUICE_CHECK(parser.records().size() == (fits ? records : 0), "each record has an answer, or none has");
    for (const RecordAnswer& record : parser.records()) {
      SLUICE_CHECK(!record.delivered || record.error_code.empty(), "an error is no delivery");
      shard_named_in(record.error_message);
    }
  }
  if (const auto page = parse_list_shards(bytes)) ShardMap(page->shards).index_of("shardId-000000000000");
  parse_stream_summary(bytes);
  sluice::http_client::HttpResponse response;
  response.status = 400;
  response.body = bytes;
  const destinations::CallError error = call_error(response);
  classify(error.fault, error.status, error.code, error.message);
  return 0;
}
