// Signatures of requests as Standard Webhooks wants them (https://www.standardwebhooks.com,
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md): HMAC-SHA-256 over id,
// time and body, in the headers webhook-id, webhook-timestamp and webhook-signature. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::webhook {

inline constexpr std::string_view kSecretPrefix = "whsec_";
inline constexpr std::size_t kLeastSecretBytes = 24, kMostSecretBytes = 64;

class SigningSecret {
 public:
  // "whsec_" and the base64 of 24 to 64 bytes. An error shows nothing of the text.
  static Result<SigningSecret> parse(std::string_view text);
  // A new one, as text.
  static std::string create();

  // "v1," and the base64 of the HMAC. `body` as it is sent, compressed if it is.
  std::string sign(std::string_view id, std::int64_t timestamp_s, std::string_view body) const;

 private:
  explicit SigningSecret(std::string key) : key_(std::move(key)) {}
  std::string key_;
};

// The three headers. With several secrets there is a signature of each, in their order: a receiver accepts a request if
// one of them is right, so that a secret can be changed there while both are configured here. With none there is no
// webhook-signature. The time is that of this attempt, and receivers refuse one that is minutes off: sign each attempt
// anew.
std::vector<std::pair<std::string, std::string>> signature_headers(std::span<const SigningSecret> secrets,
                                                                   std::string_view id, std::int64_t timestamp_s,
                                                                   std::string_view body);

}  // namespace sluice::webhook
