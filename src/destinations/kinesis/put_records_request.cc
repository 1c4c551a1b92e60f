#include "destinations/kinesis/put_records_request.h"

#include <algorithm>
#include <cstring>

#include "base/base64.h"
#include "base/check.h"

namespace sluice::kinesis {
namespace {

constexpr std::string_view kBeforeData = R"({"Data":")";
constexpr std::string_view kBeforeKey = R"(","PartitionKey":")";
constexpr std::string_view kBeforeHashKey = R"(","ExplicitHashKey":")";
constexpr std::string_view kAfterRecord = R"("})";
constexpr std::size_t kBase64Slack = 32;            // base64_write() may write beyond its end
constexpr std::size_t kMaxPartitionKeyBytes = 256;  // of the API
constexpr std::size_t kFrameBytes =
    1 + kBeforeData.size() + kBeforeKey.size() + kBeforeHashKey.size() + kMaxHashKeyDigits + kAfterRecord.size();

char* put(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace

std::array<char, kPartitionKeyBytes> random_partition_key(Random& random) {
  constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuv";
  std::array<char, kPartitionKeyBytes> key;
  std::uint64_t bits = random.next() >> 8;  // the generator's upper bits are its best
  for (char& c : key) {
    c = kDigits[bits & 31];
    bits >>= 5;
  }
  return key;
}

// Neither an ARN nor a stream's name that passed the settings' check holds a character that JSON escapes.
PutRecordsBody::PutRecordsBody(std::string_view stream_arn, std::string_view stream_name) {
  const bool by_arn = !stream_arn.empty();
  const std::string_view name = by_arn ? stream_arn : stream_name;
  SLUICE_CHECK(name.find_first_of("\"\\") == std::string_view::npos, "settings were checked");
  head_ = by_arn ? R"({"StreamARN":")" : R"({"StreamName":")";
  head_.append(name).append(R"(","Records":[)");
}

char* PutRecordsBody::scratch(std::size_t bytes) {
  if (bytes > scratch_bytes_) {
    scratch_bytes_ = std::max<std::size_t>(bytes + bytes / 2, 8192);
    scratch_.reset(new char[scratch_bytes_]);
  }
  return scratch_.get();
}

void PutRecordsBody::begin(std::string buffer, std::size_t records, std::uint64_t bytes) {
  body_ = std::move(buffer);
  body_.reserve(head_.size() + records * (kFrameBytes + 4) + base64_size(bytes));
  body_.assign(head_);
  first_ = true;
}

char* PutRecordsBody::begin_record(std::size_t data_bytes) {
  return scratch(2 * kBase64Slack + data_bytes + base64_size(data_bytes) + kFrameBytes + kMaxPartitionKeyBytes);
}

// The record and its frame are written where the cache is warm and appended in one copy: a string cannot grow without
// its new bytes being written twice otherwise.
void PutRecordsBody::end_record(std::string_view data, std::string_view partition_key,
                                const std::optional<HashKey>& explicit_hash_key) {
  char* const start = scratch_.get() + data.size() + kBase64Slack;
  char* out = start;
  if (!first_) *out++ = ',';
  first_ = false;
  out = put(out, kBeforeData);
  out = base64_write(out, data);
  out = put(out, kBeforeKey);
  out = put(out, partition_key);
  if (explicit_hash_key) {
    out = put(out, kBeforeHashKey);
    out = write_hash_key(out, *explicit_hash_key);
  }
  out = put(out, kAfterRecord);
  body_.append(start, static_cast<std::size_t>(out - start));
}

std::string PutRecordsBody::finish() {
  body_.append("]}");
  return std::move(body_);
}

}  // namespace sluice::kinesis
