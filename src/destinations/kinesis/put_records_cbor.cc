#include "destinations/kinesis/put_records_cbor.h"

#include <cstring>

#include "destinations/kinesis/cbor_writer.h"

namespace sluice::kinesis {
namespace {

// A record is a map of two members, or of three; each name is written together with its head.
constexpr std::string_view kCborBeforeData[] = {
    "\xA2\x64"
    "Data",
    "\xA3\x64"
    "Data"};
constexpr std::string_view kCborBeforeKey =
    "\x6C"
    "PartitionKey";
constexpr std::string_view kCborBeforeHashKey =
    "\x6F"
    "ExplicitHashKey";
constexpr std::size_t kCborFrameBytes = kCborBeforeData[0].size() + kCborBeforeKey.size() + kCborBeforeHashKey.size() +
                                        kMaxHashKeyDigits + 3 * kMaxCborHeadBytes;
// A body that outgrows what was announced does so in few steps.
constexpr std::size_t kCborGrowBytes = 16'384;

char* put_bytes(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace

PutRecordsCbor::PutRecordsCbor(std::string_view stream_arn, std::string_view stream_name) {
  const bool by_arn = !stream_arn.empty();
  const std::string_view member = by_arn ? "StreamARN" : "StreamName";
  const std::string_view name = by_arn ? stream_arn : stream_name;
  constexpr std::string_view kRecords = "Records";
  head_.resize(member.size() + name.size() + kRecords.size() + 4 * kMaxCborHeadBytes);
  char* out = write_cbor_head(head_.data(), CborMajor::map, 2);
  out = write_cbor_text(out, member);
  out = write_cbor_text(out, name);
  out = write_cbor_text(out, kRecords);
  head_.resize(static_cast<std::size_t>(out - head_.data()));
}

void PutRecordsCbor::make_room(std::size_t bytes) {
  if (body_.size() - used_ < bytes) body_.resize(used_ + bytes + kCborGrowBytes);
}

void PutRecordsCbor::begin(std::string buffer, std::size_t records, std::uint64_t bytes) {
  body_ = std::move(buffer);
  used_ = 0;
  missing_records_ = records;
  make_room(head_.size() + kMaxCborHeadBytes + records * kCborFrameBytes + bytes);
  char* const out = put_bytes(body_.data(), head_);
  used_ = static_cast<std::size_t>(write_cbor_head(out, CborMajor::array, records) - body_.data());
}

char* PutRecordsCbor::begin_record(std::size_t data_bytes, std::string_view partition_key, bool has_hash_key) {
  SLUICE_CHECK(missing_records_ > 0, "no more records than announced");
  --missing_records_;
  make_room(kCborFrameBytes + data_bytes + partition_key.size());
  char* const out = put_bytes(body_.data() + used_, kCborBeforeData[has_hash_key ? 1 : 0]);
  return write_cbor_head(out, CborMajor::bytes, data_bytes);
}

void PutRecordsCbor::end_record(char* out, std::string_view partition_key,
                                const std::optional<HashKey>& explicit_hash_key) {
  out = put_bytes(out, kCborBeforeKey);
  out = write_cbor_text(out, partition_key);
  if (explicit_hash_key) {
    char digits[kMaxHashKeyDigits];
    char* const end = write_hash_key(digits, *explicit_hash_key);
    out = put_bytes(out, kCborBeforeHashKey);
    out = write_cbor_text(out, {digits, static_cast<std::size_t>(end - digits)});
  }
  used_ = static_cast<std::size_t>(out - body_.data());
}

std::string PutRecordsCbor::finish() {
  SLUICE_CHECK(missing_records_ == 0, "as many records as announced");
  body_.resize(used_);
  return std::move(body_);
}

}  // namespace sluice::kinesis
