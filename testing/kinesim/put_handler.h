// PutRecords and PutRecord: validation as AWS does it, commit, answer. One a loop; its memory is used again and again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kinesim/put_request.h"
#include "kinesim/simulator.h"

namespace kinesim {

// Limits of the service, beside the stream's own record size.
// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
constexpr std::size_t kMostRecords = 500;
constexpr std::size_t kMostCallBytes = 10u << 20;
constexpr std::size_t kMostPartitionKeyCharacters = 256;

class PutHandler {
 public:
  explicit PutHandler(Simulator& simulator) : simulator_(simulator) {}

  // `answer.body` is written; abort and delay_ms are set when a fault says so.
  ApiResult<void> put_records(std::string_view body, bool cbor, const Principal& principal, Answer& answer);
  ApiResult<void> put_record(std::string_view body, bool cbor, const Principal& principal, Answer& answer);

 private:
  ApiResult<std::shared_ptr<Stream>> open_stream(std::string_view action, const Principal& principal);
  ApiResult<void> parse(std::string_view body, bool cbor);
  // Fills entries_ from request entries.
  ApiResult<void> validate(const std::vector<PutRequestEntry>& entries, bool single, std::uint32_t max_record_bytes);
  void commit(Stream& stream, std::string_view operation, const CallFaults& faults);
  ApiResult<CallFaults> faults(std::string_view operation, const Stream& stream, std::string_view body, Answer& answer);
  void write_json(const Stream& stream, std::size_t records, std::string& out);
  void write_cbor(const Stream& stream, std::size_t records, std::string& out);
  void print() const;

  Simulator& simulator_;
  PutRequest request_;
  std::vector<PutEntry> entries_;
  std::vector<PutOutcome> outcomes_;
  std::vector<FoundId> ids_;
  std::vector<sluice::ObjectId> found_;
  std::size_t failed_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace kinesim
