// Verifies AWS Signature Version 4 of requests that carry it in the Authorization header. Written from the
// specification, apart from Sluice's own signer, so that the two share no mistakes.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "kinesim/digest.h"
#include "kinesim/request.h"

namespace kinesim {

// The Authorization header, taken apart; views into it.
struct Authorization {
  std::string_view access_key;
  std::string_view date;  // YYYYMMDD
  std::string_view region;
  std::string_view service;
  std::string_view signed_headers;  // "host;x-amz-date"
  std::string_view signature;       // 64 hex digits
};
// An error is AWS's IncompleteSignature text.
sluice::Result<Authorization> parse_authorization(std::string_view header);

// Derived keys, kept: four HMACs a day and key instead of a request. One thread.
class SigningKeys {
 public:
  const Sha256& key(const Authorization& authorization, std::string_view secret);

 private:
  struct Entry {
    std::string secret;
    Sha256 key;
  };
  std::unordered_map<std::string, Entry> entries_;
};

// The lines that are hashed into the string to sign; `body_hash` in hex. The service "s3" has rules of its own:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
std::string canonical_request(const Request& request, std::string_view service, std::string_view signed_headers,
                              std::string_view body_hash);
// The signature that the request should carry, in hex. `amz_date` is the x-amz-date header.
std::string expected_signature(const Request& request, const Authorization& authorization, std::string_view amz_date,
                               const Sha256& signing_key);

// 20261123T035420Z to milliseconds since 1970 and back; nothing when malformed.
std::optional<std::int64_t> parse_amz_date(std::string_view text);
std::string amz_date(std::int64_t wall_ms);

// Whether `list` ("a;b;c") has `name`.
bool names_header(std::string_view list, std::string_view name);
// Takes the same time for every difference.
bool equal_secrets(std::string_view a, std::string_view b);

}  // namespace kinesim
