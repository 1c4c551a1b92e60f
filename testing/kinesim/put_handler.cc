#include "kinesim/put_handler.h"

#include <algorithm>
#include <cstdio>

#include "base/base64.h"
#include "base/json_string.h"
#include "kinesim/archive.h"
#include "kinesim/cbor.h"
#include "kinesim/event_ids.h"
#include "kinesim/wire.h"

namespace kinesim {
namespace {

std::string member(std::size_t index, bool single, std::string_view field) {
  return single ? std::string(field) : "records." + std::to_string(index + 1) + ".member." + std::string(field);
}

tl::unexpected<ApiError> invalid(const std::string& where, const std::string& value, const std::string& constraint) {
  return refuse("ValidationException", "1 validation error detected: Value " +
                                           (value.empty() ? "" : "'" + value + "' ") + "at '" + where +
                                           "' failed to satisfy constraint: " + constraint);
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_text(std::string_view data) {
  return std::none_of(data.begin(), data.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 32 && c != '\n' && c != '\t' && c != '\r';
  });
}

}  // namespace

ApiResult<void> PutHandler::parse(std::string_view body, bool cbor) {
  const auto parsed = cbor ? request_.parse_cbor(body) : request_.parse_json(body);
  if (!parsed) return refuse("SerializationException", parsed.error().message);
  return {};
}

ApiResult<std::shared_ptr<Stream>> PutHandler::open_stream(std::string_view action, const Principal& principal) {
  std::string_view name = request_.stream_name.value_or(std::string_view{});
  if (request_.stream_arn) name = simulator_.name_in_arn(*request_.stream_arn);
  if (name.empty() && !request_.stream_arn)
    return refuse("InvalidArgumentException", "StreamARN or StreamName must be provided.");
  const std::string arn = request_.stream_arn ? std::string(*request_.stream_arn) : simulator_.stream_arn(name);
  if (const auto ok = authorize(principal, action, arn); !ok) return tl::unexpected(ok.error());
  auto stream = simulator_.find_stream(name);
  if (!stream || stream->status(simulator_.now_ms()) == StreamStatus::creating)
    return refuse("ResourceNotFoundException",
                  "Stream " + std::string(name.empty() ? std::string_view(arn) : name) + " under account " +
                      std::string(name.empty() ? arn_account(arn) : std::string_view(simulator_.settings().account)) +
                      " not found.");
  return stream;
}

ApiResult<void> PutHandler::validate(const std::vector<PutRequestEntry>& entries, bool single,
                                     std::uint32_t max_record_bytes) {
  entries_.clear();
  bytes_ = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const PutRequestEntry& entry = entries[i];
    if (!entry.data) return invalid(member(i, single, "data"), "null", "Member must not be null");
    if (!entry.partition_key) return invalid(member(i, single, "partitionKey"), "null", "Member must not be null");
    const std::string_view key = *entry.partition_key;
    if (key.empty())
      return invalid(member(i, single, "partitionKey"), "", "Member must have length greater than or equal to 1");
    if (key.size() > kMostPartitionKeyCharacters && characters(key) > kMostPartitionKeyCharacters)
      return invalid(member(i, single, "partitionKey"), std::string(key),
                     "Member must have length less than or equal to 256");
    const std::size_t size = entry.data->size() + key.size();
    if (size > max_record_bytes)
      return invalid(member(i, single, "data"), "",
                     "Member must have length less than or equal to " + std::to_string(max_record_bytes));
    bytes_ += size;
    HashKey hash = 0;
    if (entry.explicit_hash_key) {
      switch (parse_hash_key(*entry.explicit_hash_key, hash)) {
        case HashKeyFault::none:
          break;
        case HashKeyFault::not_a_number:
          return invalid(member(i, single, "explicitHashKey"), std::string(*entry.explicit_hash_key),
                         "Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})");
        case HashKeyFault::out_of_range:
          return refuse(
              "InvalidArgumentException",
              "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was " +
                  std::string(*entry.explicit_hash_key));
      }
    } else {
      hash = hash_of_partition_key(key);
    }
    entries_.push_back(PutEntry{*entry.data, key, hash});
  }
  if (bytes_ > kMostCallBytes) return refuse("InvalidArgumentException", "Records size exceeds 10 MB limit");
  return {};
}

ApiResult<CallFaults> PutHandler::faults(std::string_view operation, const Stream& stream, std::string_view body,
                                         Answer& answer) {
  CallFaults faults = simulator_.faults().for_call(operation, stream.name(), simulator_.now_ms(), body);
  answer.delay_ms = faults.latency_ms;
  if (faults.error) return tl::unexpected(*faults.error);
  return faults;
}

void PutHandler::commit(Stream& stream, std::string_view operation, const CallFaults& faults) {
  const LedgerSettings& ledger = simulator_.settings().ledger;
  ids_.clear();
  if (ledger.mode != LedgerMode::count) {
    const std::size_t fields = ledger.fields.size();
    std::vector<std::string> needles;
    for (std::size_t field = 0; field < fields; ++field) needles.push_back(ledger.needle(field));
    for (std::size_t i = 0; i < entries_.size(); ++i)
      for (std::size_t field = 0; field < fields; ++field) {
        found_.clear();
        if (is_aggregate(entries_[i].data))
          for_each_user_record(entries_[i].data,
                               [&](std::string_view data) { find_event_ids(data, needles[field], found_); });
        else
          find_event_ids(entries_[i].data, needles[field], found_);
        for (const auto& id : found_)
          ids_.push_back(FoundId{static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(field), id});
      }
  }
  RecordFault record_fault;
  const std::int64_t now_ms = simulator_.now_ms();
  if (faults.records)
    record_fault = [&, operation](std::uint32_t shard, PutOutcome& outcome) {
      return simulator_.faults().for_record(operation, stream.name(), shard, now_ms, outcome);
    };
  outcomes_.assign(entries_.size(), PutOutcome{});
  stream.put(entries_, ids_, now_ms, simulator_.steady_us(), record_fault, outcomes_);
  failed_ = 0;
  for (const auto& outcome : outcomes_) {
    if (outcome.error_code.empty()) continue;
    ++failed_;
    simulator_.stats().count_record_error(operation, outcome.error_code);
  }
  if (simulator_.archive() != nullptr) simulator_.archive()->append(stream.name(), entries_, outcomes_, now_ms);
  if (simulator_.settings().print_records) print();
}

void PutHandler::print() const {
  std::string out;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!outcomes_[i].error_code.empty()) continue;
    const std::string_view data = entries_[i].data;
    if (is_text(data))
      out.append(data);
    else
      sluice::base64_append(out, data);
    if (out.empty() || out.back() != '\n') out += '\n';
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
  std::fflush(stdout);
}

ApiResult<void> PutHandler::put_records(std::string_view body, bool cbor, const Principal& principal, Answer& answer) {
  constexpr std::string_view kOperation = "PutRecords";
  if (auto parsed = parse(body, cbor); !parsed) return parsed;
  if (!request_.has_records) return invalid("records", "null", "Member must not be null");
  if (request_.entries.empty()) return invalid("records", "[]", "Member must have length greater than or equal to 1");
  if (request_.entries.size() > kMostRecords)
    return invalid("records", "", "Member must have length less than or equal to 500");
  auto stream = open_stream("kinesis:PutRecords", principal);
  if (!stream) return tl::unexpected(stream.error());
  if (auto valid = validate(request_.entries, false, (*stream)->max_record_bytes()); !valid) return valid;
  const auto call_faults = faults(kOperation, **stream, body, answer);
  if (!call_faults) return tl::unexpected(call_faults.error());
  if (call_faults->reset_before) {
    answer.abort = true;
    return {};
  }
  commit(**stream, kOperation, *call_faults);
  simulator_.stats().count(kOperation, {}, outcomes_.size() - failed_, failed_, bytes_);

  const std::size_t told = call_faults->missing_records ? outcomes_.size() / 2 : outcomes_.size();
  if (cbor)
    write_cbor(**stream, told, answer.body);
  else
    write_json(**stream, told, answer.body);
  answer.abort = call_faults->reset_after || call_faults->truncate;
  if (call_faults->reset_after) answer.body.clear();
  if (call_faults->garbage) answer.body = "<html><body><h1>502 Bad Gateway</h1></body></html>";
  return {};
}

ApiResult<void> PutHandler::put_record(std::string_view body, bool cbor, const Principal& principal, Answer& answer) {
  constexpr std::string_view kOperation = "PutRecord";
  if (auto parsed = parse(body, cbor); !parsed) return parsed;
  auto stream = open_stream("kinesis:PutRecord", principal);
  if (!stream) return tl::unexpected(stream.error());
  if (auto valid = validate({request_.single}, true, (*stream)->max_record_bytes()); !valid) return valid;
  const auto call_faults = faults(kOperation, **stream, body, answer);
  if (!call_faults) return tl::unexpected(call_faults.error());
  if (call_faults->reset_before) {
    answer.abort = true;
    return {};
  }
  commit(**stream, kOperation, *call_faults);
  simulator_.stats().count(kOperation, {}, 1 - failed_, failed_, bytes_);
  const PutOutcome& outcome = outcomes_[0];
  if (!outcome.error_code.empty())
    return refuse(outcome.error_code, outcome.error_message, outcome.error_code == "InternalFailure" ? 500 : 400);

  const bool encrypted = !(*stream)->settings().kms_key_id.empty();
  const std::string number = SequenceNumber{outcome.epoch_us, outcome.number, outcome.shard}.text();
  if (cbor) {
    CborWriter writer(answer.body);
    writer.map(encrypted ? 3 : 2);
    writer.text("ShardId");
    writer.text(shard_id(outcome.shard));
    writer.text("SequenceNumber");
    writer.text(number);
    if (encrypted) {
      writer.text("EncryptionType");
      writer.text("KMS");
    }
  } else {
    answer.body = "{" + std::string(encrypted ? R"("EncryptionType":"KMS",)" : "") + R"("SequenceNumber":")" + number +
                  R"(","ShardId":")" + shard_id(outcome.shard) + "\"}";
  }
  answer.abort = call_faults->reset_after || call_faults->truncate;
  if (call_faults->reset_after) answer.body.clear();
  return {};
}

void PutHandler::write_json(const Stream& stream, std::size_t records, std::string& out) {
  static constexpr std::string_view kFirst = R"({"SequenceNumber":")";
  static constexpr std::string_view kSecond = R"(","ShardId":")";
  out.reserve(128 + records * 112);
  out += "{";
  if (!stream.settings().kms_key_id.empty()) out += R"("EncryptionType":"KMS",)";
  out += R"("FailedRecordCount":)" + std::to_string(failed_) + R"(,"Records":[)";
  char number[SequenceNumber::kDigits];
  char shard[kShardIdBytes];
  for (std::size_t i = 0; i < records; ++i) {
    const PutOutcome& outcome = outcomes_[i];
    if (i > 0) out += ',';
    if (outcome.error_code.empty()) {
      SequenceNumber{outcome.epoch_us, outcome.number, outcome.shard}.write(number);
      write_shard_id(shard, outcome.shard);
      out.append(kFirst).append(number, sizeof number).append(kSecond).append(shard, sizeof shard).append("\"}");
    } else {
      out.append(R"({"ErrorCode":")").append(outcome.error_code).append(R"(","ErrorMessage":)");
      sluice::append_json_string(out, outcome.error_message);
      out += '}';
    }
  }
  out += "]}";
}

void PutHandler::write_cbor(const Stream& stream, std::size_t records, std::string& out) {
  const bool encrypted = !stream.settings().kms_key_id.empty();
  CborWriter writer(out);
  out.reserve(128 + records * 112);
  writer.map(encrypted ? 3 : 2);
  if (encrypted) {
    writer.text("EncryptionType");
    writer.text("KMS");
  }
  writer.text("FailedRecordCount");
  writer.number(static_cast<std::int64_t>(failed_));
  writer.text("Records");
  writer.array(records);
  char number[SequenceNumber::kDigits];
  char shard[kShardIdBytes];
  for (std::size_t i = 0; i < records; ++i) {
    const PutOutcome& outcome = outcomes_[i];
    writer.map(2);
    if (outcome.error_code.empty()) {
      SequenceNumber{outcome.epoch_us, outcome.number, outcome.shard}.write(number);
      write_shard_id(shard, outcome.shard);
      writer.text("SequenceNumber");
      writer.text({number, sizeof number});
      writer.text("ShardId");
      writer.text({shard, sizeof shard});
    } else {
      writer.text("ErrorCode");
      writer.text(outcome.error_code);
      writer.text("ErrorMessage");
      writer.text(outcome.error_message);
    }
  }
}

}  // namespace kinesim
