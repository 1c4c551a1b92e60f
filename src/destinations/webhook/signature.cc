#include "destinations/webhook/signature.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/base64.h"
#include "base/check.h"
#include "base/random.h"

namespace sluice::webhook {

Result<SigningSecret> SigningSecret::parse(std::string_view text) {
  const auto wrong = [](std::string_view what) {
    return fail(fmt::format("The signing secret {}; expected {} followed by the base64 of {} to {} random bytes.", what,
                            kSecretPrefix, kLeastSecretBytes, kMostSecretBytes));
  };
  if (!text.starts_with(kSecretPrefix)) return wrong(fmt::format("does not begin with {}", kSecretPrefix));
  auto key = base64_decode(text.substr(kSecretPrefix.size()));
  if (!key) return wrong("is not base64");
  if (key->size() < kLeastSecretBytes || key->size() > kMostSecretBytes)
    return wrong(fmt::format("has {} bytes", key->size()));
  return SigningSecret(*std::move(key));
}

std::string SigningSecret::create() {
  std::string bytes(32, '\0');
  random_secret_bytes(bytes.data(), bytes.size());
  std::string text(kSecretPrefix);
  base64_append(text, bytes);
  return text;
}

std::string SigningSecret::sign(std::string_view id, std::int64_t timestamp_s, std::string_view body) const {
  std::string content = fmt::format("{}.{}.", id, timestamp_s);
  content += body;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const auto* made = HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
                          reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest.data(), &size);
  SLUICE_CHECK(made != nullptr, "OpenSSL has SHA-256");
  std::string signature = "v1,";
  base64_append(signature, {reinterpret_cast<const char*>(digest.data()), size});
  return signature;
}

std::vector<std::pair<std::string, std::string>> signature_headers(std::span<const SigningSecret> secrets,
                                                                   std::string_view id, std::int64_t timestamp_s,
                                                                   std::string_view body) {
  std::vector<std::pair<std::string, std::string>> headers = {{"webhook-id", std::string(id)},
                                                              {"webhook-timestamp", std::to_string(timestamp_s)}};
  std::string signatures;
  for (const SigningSecret& secret : secrets) {
    if (!signatures.empty()) signatures += ' ';
    signatures += secret.sign(id, timestamp_s, body);
  }
  if (!signatures.empty()) headers.emplace_back("webhook-signature", std::move(signatures));
  return headers;
}

}  // namespace sluice::webhook
