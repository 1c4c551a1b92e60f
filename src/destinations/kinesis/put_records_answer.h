// What Kinesis says of each record of a PutRecords call, in JSON or in CBOR.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html#API_PutRecords_ResponseSyntax
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::kinesis {

// One record's fate, in the request's order. Views last until the parser's next answer.
struct RecordAnswer {
  bool delivered = false;     // it has a sequence number and no error
  std::string_view shard_id;  // of a delivered record
  std::string_view sequence_number;
  std::string_view error_code;  // "" when AWS gave none
  std::string_view error_message;
};

// One thread; keeps its buffers.
class PutRecordsAnswerParser {
 public:
  PutRecordsAnswerParser();
  ~PutRecordsAnswerParser();

  // `body` is the answer of a call with `records` records; it may be given more capacity. Its first byte tells CBOR
  // from JSON, whatever was asked and whatever the content type says. False: the answer does not fit the call (neither
  // form, cut short, another number of entries), so nothing is known of any record; why() says what was wrong.
  bool parse(std::string& body, std::size_t records);
  const std::vector<RecordAnswer>& records() const { return records_; }
  const std::string& why() const { return why_; }

 private:
  struct Parser;
  void read_json(std::string& body, std::size_t records);
  void read_cbor(std::string_view body, std::size_t records);

  std::unique_ptr<Parser> parser_;
  std::vector<RecordAnswer> records_;
  std::string why_;
};

}  // namespace sluice::kinesis
