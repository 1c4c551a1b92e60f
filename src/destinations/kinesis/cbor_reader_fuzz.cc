// Whatever bytes come as CBOR: reading ends, views stay within what was read, text can be shown, and what was passed
// over as a whole can be read as a whole.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "destinations/kinesis/cbor_reader.h"
#include "destinations/kinesis/error_body.h"
#include "destinations/kinesis/put_records_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::kinesis;
  const std::string bytes(reinterpret_cast<const char*>(data), size);

  CborReader reader;
  reader.begin(bytes);
  const bool skipped = reader.skip() && reader.at_end();
  reader.begin(bytes);
  std::size_t text_bytes = 0;
  const bool read = reader.read_map([&](std::string_view) {
    std::string_view text;
    bool is_null = false;
    if (!reader.read_text_or_skip(text, is_null)) return false;
    SLUICE_CHECK(sluice::is_utf8(text), "text can be shown");
    text_bytes += text.size();
    return true;
  });
  SLUICE_CHECK(text_bytes <= size, "no more text than bytes");
  SLUICE_CHECK(skipped || !read || !reader.at_end(), "what can be read can be passed over");

  static PutRecordsAnswerParser parser;
  for (std::size_t records = 0; records <= 2; ++records) {
    std::string body = bytes;
    if (!parser.parse(body, records)) continue;
    for (const RecordAnswer& record : parser.records())
      for (const std::string_view text :
           {record.sequence_number, record.shard_id, record.error_code, record.error_message})
        SLUICE_CHECK(sluice::is_utf8(text), "what an answer says can be shown");
  }
  if (const auto error = read_error_body(bytes))
    SLUICE_CHECK(sluice::is_utf8(error->type) && sluice::is_utf8(error->message), "an error can be shown");
  return 0;
}
