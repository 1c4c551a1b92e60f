// The requests to S3, unsigned: one PUT an object, and a HEAD where only that can tell what lies under a key. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http_client/http_transport.h"

namespace sluice::s3 {

// An answer of S3's without a body to speak of: errors are under 2 KiB.
inline constexpr std::size_t kMaxAnswerBytes = 64u << 10;
inline constexpr std::int64_t kConnectTimeoutMs = 5'000;
inline constexpr std::int64_t kHeadTimeoutMs = 30'000;
// A PUT has this time and what its bytes take at this rate: a slower line is as good as none for a destination that
// fills 64 MiB.
inline constexpr std::int64_t kPutTimeoutMs = 30'000;
inline constexpr std::uint64_t kLeastUploadBytesPerS = 128u << 10;

// Where and how objects are stored: the settings' part of each request.
struct BucketFacts {
  std::string endpoint;  // scheme://host[:port][/path], as aws::s3_endpoint() gives it
  std::string bucket;
  bool path_style = false;          // endpoint/bucket/key; else bucket.host/key
  bool conditional = true;          // the store knows If-None-Match
  std::string expected_owner = {};  // account; empty: not checked
  std::string storage_class = {};   // empty: the bucket's
  std::string encryption = {};      // "", "AES256" or "aws:kms"
  std::string kms_key_id = {};      // with aws:kms; empty: AWS's own key for S3
};

struct PutFacts {
  std::string_view key;
  std::string_view sha256_hex;
  std::string_view content_type;
  std::shared_ptr<const http_client::HttpBody> body;
};

http_client::HttpRequest put_request(const BucketFacts& bucket, const PutFacts& put);
// With `checksum` S3 tells the object's checksum; of one that is encrypted with a KMS key that takes kms:Decrypt, which
// the metadata do not.
http_client::HttpRequest head_request(const BucketFacts& bucket, std::string_view key, bool checksum);

// scheme://bucket.host/key with the key percent-encoded, slashes aside.
std::string object_url(const BucketFacts& bucket, std::string_view key);

// What is wrong with a bucket's name; empty: nothing.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
std::string fault_of_bucket_name(std::string_view name);
// Whether virtual hosts serve it over TLS: a name with dots does not fit AWS's certificate.
bool needs_path_style(std::string_view bucket_name);

}  // namespace sluice::s3
