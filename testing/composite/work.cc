#include "composite/work.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unistd.h>

#include <cstring>

#include "base/base64.h"
#include "base/crc32c.h"

namespace composite {
namespace {

// The file is written over and over, as recycled segments are: its blocks are there and in the page cache.
constexpr std::uint64_t kFileBytes = 256ull << 20;
constexpr std::size_t kBodyBytes = 4u << 20, kHeadRoom = 1024;
constexpr int kHmacsOfASignature = 5;
constexpr std::string_view kBegin = R"({"StreamName":"flag-events","Records":[)", kEnd = "]}";

}  // namespace

Work::Work(Stage until, int file, Channel* channel)
    : until_(until), file_(file), channel_(channel), received_(1u << 20), body_(kHeadRoom + kBodyBytes) {}

bool Work::append(std::string_view payload) {
  if (::pwrite(file_, payload.data(), payload.size(), static_cast<off_t>(file_offset_)) < 0) return false;
  file_offset_ = (file_offset_ + payload.size()) % kFileBytes;
  return true;
}

bool Work::take(std::string_view payload) {
  std::memcpy(received_.data(), payload.data(), payload.size());
  std::memset(received_.data() + payload.size(), 0, simdjson::SIMDJSON_PADDING);
  const std::string_view copy(received_.data(), payload.size());
  checksum_ += sluice::crc32c(copy.data(), copy.size());
  if (until_ >= Stage::appended && !append(copy)) return false;
  auto document = parser_.iterate(received_.data(), payload.size(), received_.size());
  for (auto element : document.get_array()) {
    simdjson::ondemand::object event = element.get_object();
    std::string_view key = "none";
    for (auto member : event) {
      const simdjson::ondemand::raw_json_string name = member.key();
      if (name.unsafe_is_equal("kind")) {
        checksum_ += std::string_view(member.value().get_string()).size();
      } else if (name.unsafe_is_equal("creationDate")) {
        checksum_ += std::uint64_t(member.value().get_uint64());
      } else if (name.unsafe_is_equal("context")) {
        simdjson::ondemand::object context = member.value().get_object();
        for (auto part : context)
          if (simdjson::ondemand::raw_json_string(part.key()).unsafe_is_equal("key")) {
            key = part.value().get_string();
            break;
          }
      }
    }
    event.reset();
    add_record(simdjson::to_json_string(event), key);
    ++events_;
    if (records_ == kRecordsACall && !flush()) return false;
  }
  return true;
}

void Work::add_record(std::string_view event, std::string_view key) {
  const auto put = [&](std::string_view text) {
    std::memcpy(body_.data() + kHeadRoom + body_size_, text.data(), text.size());
    body_size_ += text.size();
  };
  put(records_++ == 0 ? kBegin : std::string_view(","));
  put(R"({"Data":")");
  char* const out = body_.data() + kHeadRoom + body_size_;
  body_size_ += static_cast<std::size_t>(sluice::base64_write(out, event) - out);
  put(R"(","PartitionKey":")");
  put(key);
  put(R"("})");
}

bool Work::flush() {
  char* const body = body_.data() + kHeadRoom;
  std::memcpy(body + body_size_, kEnd.data(), kEnd.size());
  const std::string_view whole(body, body_size_ + kEnd.size());
  body_size_ = records_ = 0;
  unsigned char digest[EVP_MAX_MD_SIZE] = {}, key[EVP_MAX_MD_SIZE];
  if (until_ >= Stage::hashed) {
    unsigned size = 0;
    EVP_Digest(whole.data(), whole.size(), digest, &size, EVP_sha256(), nullptr);
    for (int i = 0; i < kHmacsOfASignature; ++i)
      HMAC(EVP_sha256(), digest, static_cast<int>(size), digest, size, key, &size);
    checksum_ += key[0];
  }
  checksum_ += static_cast<unsigned char>(whole[whole.size() / 2]);
  if (until_ < Stage::sent) return true;
  const std::string head = fmt::format(
      "POST / HTTP/1.1\r\nHost: kinesis.us-east-1.amazonaws.com\r\nContent-Type: application/x-amz-json-1.1\r\n"
      "X-Amz-Target: Kinesis_20131202.PutRecords\r\nX-Amz-Date: 20261123T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 "
      "Credential=AKIDEXAMPLE/20261123/us-east-1/kinesis/aws4_request, SignedHeaders=content-type;host;x-amz-date;"
      "x-amz-target, Signature={:064}\r\nContent-Length: {}\r\n\r\n",
      checksum_ & 0xff, whole.size());
  char* const start = body - head.size();  // before the body, so that both are one write
  std::memcpy(start, head.data(), head.size());
  if (!channel_->write({start, head.size() + whole.size()}) || !channel_->read_message(answer_)) return false;
  return answer_.find(R"("FailedRecordCount":0)") != answer_.npos;
}

}  // namespace composite
