#include "aws/sha256.h"

#include <openssl/evp.h>

#include <cstring>

#include "base/check.h"
#include "base/hex.h"

namespace sluice::aws {

namespace {

const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  SLUICE_CHECK(fetched != nullptr, "OpenSSL's default provider has SHA-256");
  return fetched;
}

constexpr std::size_t kBlock = 64;

}  // namespace

struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(evp); }
  void begin() { SLUICE_CHECK(EVP_DigestInit_ex(evp, algorithm(), nullptr) == 1, "SHA-256 needs no resources"); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) { context_->begin(); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  SLUICE_CHECK(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1, "SHA-256 takes any bytes");
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  SLUICE_CHECK(EVP_DigestFinal_ex(context_->evp, digest.data(), nullptr) == 1, "SHA-256 was begun");
  context_->begin();
  return digest;
}

std::string Sha256::finish_hex() { return hex_of(finish()); }

Sha256Digest sha256(std::string_view bytes) {
  thread_local Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

std::string sha256_hex(std::string_view bytes) { return hex_of(sha256(bytes)); }

Sha256Digest hmac_sha256(std::string_view key, std::string_view bytes) {
  std::array<char, kBlock> padded{};
  if (key.size() > kBlock) {
    const Sha256Digest short_key = sha256(key);
    std::memcpy(padded.data(), short_key.data(), short_key.size());
  } else {
    std::memcpy(padded.data(), key.data(), key.size());
  }
  std::array<char, kBlock> inner;
  std::array<char, kBlock> outer;
  for (std::size_t i = 0; i < kBlock; ++i) {
    inner[i] = static_cast<char>(padded[i] ^ 0x36);
    outer[i] = static_cast<char>(padded[i] ^ 0x5c);
  }
  thread_local Sha256 hash;
  hash.update({inner.data(), kBlock});
  hash.update(bytes);
  const Sha256Digest digest = hash.finish();
  hash.update({outer.data(), kBlock});
  hash.update({reinterpret_cast<const char*>(digest.data()), digest.size()});
  return hash.finish();
}

}  // namespace sluice::aws
