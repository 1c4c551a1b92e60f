// AWS Signature Version 4 in the Authorization header.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
//
//   SigningKeyCache keys;                                   // one per thread
//   sign_request(request, sha256_hex(request.body), {"kinesis", "eu-west-1", skew.corrected_ms(clock.wall_ms())},
//   *credentials, keys);
//
// adds x-amz-date, x-amz-security-token (with a session token) and authorization to `request.headers`; for S3
// x-amz-content-sha256 too.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "aws/credentials.h"
#include "aws/sha256.h"
#include "http_client/http_transport.h"

namespace sluice::aws {

struct SigningScope {
  std::string_view service;  // "kinesis", "sts", as the endpoint's hosts begin
  std::string_view region;   // the endpoint's region
  std::int64_t wall_ms = 0;  // AWS's time: the machine's corrected by ClockSkew; AWS allows 5 minutes
  // S3's rules: the path is signed as it is sent, and the payload's hash is sent too.
  bool of_objects = false;
};

// The signing key of a day, region and service costs four HMACs; this keeps the last few. One thread. Holds secrets:
// never printed.
class SigningKeyCache {
 public:
  const Sha256Digest& key(std::string_view secret_access_key, std::string_view date_8_digits, std::string_view region,
                          std::string_view service);

 private:
  struct Entry {
    std::string name;  // secret and scope
    Sha256Digest key{};
  };
  static constexpr std::size_t kEntries = 8;
  std::array<Entry, kEntries> entries_;
  std::size_t next_ = 0;
};

// A request as the signature sees it. `path` and `query` as they are sent (percent-encoded); a character that ought to
// be encoded and is not is encoded in the signature, as AWS does.
struct CanonicalInput {
  std::string_view method;
  std::string_view path;                                         // empty: "/"
  std::string_view query;                                        // without '?'
  std::span<const std::pair<std::string, std::string>> headers;  // all are signed, `host` must be among them
  std::string_view payload_sha256_hex;
  // S3 alone: the path is signed as it is sent, neither normalised ("a//b" names an object) nor encoded again.
  // https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
  bool path_as_sent = false;
};

struct CanonicalRequest {
  std::string text;
  std::string signed_headers;  // lower case, sorted, by ';'
};
CanonicalRequest canonical_request(const CanonicalInput& input);
std::string string_to_sign(const SigningScope& scope, std::string_view canonical_request_text);
// The value of the Authorization header.
std::string authorization(const CanonicalInput& input, const SigningScope& scope, const Credentials& credentials,
                          SigningKeyCache& keys);

// 20150830T123600Z
std::string amz_date(std::int64_t wall_ms);

// Signs all headers of the request but those that proxies and libcurl change (user-agent, connection, expect, …), the
// host of its URL included. Headers of an earlier signature are replaced, so that a request may be signed again for a
// retry.
void sign_request(http_client::HttpRequest& request, std::string_view payload_sha256_hex, const SigningScope& scope,
                  const Credentials& credentials, SigningKeyCache& keys);

}  // namespace sluice::aws
