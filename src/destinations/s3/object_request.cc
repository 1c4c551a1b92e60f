#include "destinations/s3/object_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "base/hex.h"
#include "base/text.h"

namespace sluice::s3 {
namespace {

http_client::HttpRequest request_to(const BucketFacts& bucket, std::string_view method, std::string_view key) {
  http_client::HttpRequest request;
  request.method = method;
  request.url = object_url(bucket, key);
  request.connect_timeout_ms = kConnectTimeoutMs;
  request.timeout_ms = kHeadTimeoutMs;
  request.max_response_bytes = kMaxAnswerBytes;
  if (!bucket.expected_owner.empty())
    request.headers.emplace_back("x-amz-expected-bucket-owner", bucket.expected_owner);
  return request;
}

std::string encoded_key(std::string_view key) {
  std::string out;
  for (std::size_t at = 0; at <= key.size();) {
    const std::size_t slash = std::min(key.find('/', at), key.size());
    out += percent_encoded(key.substr(at, slash - at));
    if (slash < key.size()) out += '/';
    at = slash + 1;
  }
  return out;
}

}  // namespace

std::string object_url(const BucketFacts& bucket, std::string_view key) {
  if (bucket.path_style) return fmt::format("{}/{}/{}", bucket.endpoint, bucket.bucket, encoded_key(key));
  const std::size_t host = bucket.endpoint.find("://") + 3;
  return fmt::format("{}{}.{}/{}", bucket.endpoint.substr(0, host), bucket.bucket, bucket.endpoint.substr(host),
                     encoded_key(key));
}

http_client::HttpRequest put_request(const BucketFacts& bucket, const PutFacts& put) {
  http_client::HttpRequest request = request_to(bucket, "PUT", put.key);
  request.timeout_ms = kPutTimeoutMs + static_cast<std::int64_t>(put.body->size() * 1000 / kLeastUploadBytesPerS);
  request.body_source = put.body;
  std::string checksum;
  base64_append(checksum, bytes_of_hex(put.sha256_hex).value_or(""));
  auto& headers = request.headers;
  headers.emplace_back("content-type", put.content_type);
  headers.emplace_back("x-amz-checksum-sha256", std::move(checksum));
  headers.emplace_back("x-amz-meta-sluice-sha256", put.sha256_hex);
  if (bucket.conditional) headers.emplace_back("if-none-match", "*");
  if (!bucket.storage_class.empty()) headers.emplace_back("x-amz-storage-class", bucket.storage_class);
  if (!bucket.encryption.empty()) headers.emplace_back("x-amz-server-side-encryption", bucket.encryption);
  if (!bucket.kms_key_id.empty())
    headers.emplace_back("x-amz-server-side-encryption-aws-kms-key-id", bucket.kms_key_id);
  return request;
}

http_client::HttpRequest head_request(const BucketFacts& bucket, std::string_view key, bool checksum) {
  http_client::HttpRequest request = request_to(bucket, "HEAD", key);
  if (checksum) request.headers.emplace_back("x-amz-checksum-mode", "ENABLED");
  return request;
}

std::string fault_of_bucket_name(std::string_view name) {
  const auto letter_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool good =
      name.size() >= 3 && name.size() <= 63 && letter_or_digit(name.front()) && letter_or_digit(name.back()) &&
      name.find("..") == std::string_view::npos &&
      std::all_of(name.begin(), name.end(), [&](char c) { return letter_or_digit(c) || c == '-' || c == '.'; });
  if (good) return {};
  return fmt::format(
      "'{}' is not the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens, a letter "
      "or a digit at both ends. Expected one such as acme-flag-events, without s3:// and without a path.",
      shown_value(name));
}

bool needs_path_style(std::string_view bucket_name) { return bucket_name.find('.') != std::string_view::npos; }

}  // namespace sluice::s3
