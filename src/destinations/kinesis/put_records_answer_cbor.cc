#include "destinations/kinesis/put_records_answer_cbor.h"

namespace sluice::kinesis {
namespace {

// Members that are absent, null or of another type count as empty: without a sequence number a record failed.
bool read_cbor_record(CborReader& reader, RecordAnswer& record) {
  bool any_error = false;
  const bool read = reader.read_map([&](std::string_view name) {
    bool is_null = false;
    if (name == "SequenceNumber") return reader.read_text_or_skip(record.sequence_number, is_null);
    if (name == "ShardId") return reader.read_text_or_skip(record.shard_id, is_null);
    if (name == "ErrorMessage") return reader.read_text_or_skip(record.error_message, is_null);
    if (name != "ErrorCode") return reader.skip();
    if (!reader.read_text_or_skip(record.error_code, is_null)) return false;
    any_error = !is_null;
    return true;
  });
  record.delivered = !record.sequence_number.empty() && !any_error;
  return read;
}

bool read_cbor_records(CborReader& reader, std::size_t at_most, CborAnswer& answer,
                       std::vector<RecordAnswer>& records) {
  CborReader::Container entries;
  if (answer.has_records || !reader.enter(CborMajor::array, entries)) return false;
  answer.has_records = true;
  for (; reader.has_next(entries); ++answer.entries) {
    RecordAnswer record;
    if (!read_cbor_record(reader, record)) return false;
    if (answer.entries < at_most) records.push_back(record);
  }
  return !entries.broken;
}

}  // namespace

CborAnswer read_cbor_answer(std::string_view body, std::size_t at_most, CborReader& reader,
                            std::vector<RecordAnswer>& records) {
  CborAnswer answer;
  reader.begin(body);
  answer.well_formed = reader.read_map([&](std::string_view name) {
    if (name != "Records") return reader.skip();
    return read_cbor_records(reader, at_most, answer, records);
  }) && reader.at_end();
  return answer;
}

}  // namespace sluice::kinesis
