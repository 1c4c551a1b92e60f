// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) as Signature Version 4 needs them. OpenSSL 3 looks an algorithm up
// again at every call without a handle; these keep the handle for the process's life. Any thread; one object belongs to
// one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::aws {

using Sha256Digest = std::array<std::uint8_t, 32>;

// Incremental, so that a body may be hashed while it is built and its bytes are in the cache. Reused without a new
// allocation.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  // The digest of all bytes since construction or the last finish(); then starts over.
  Sha256Digest finish();
  std::string finish_hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

Sha256Digest sha256(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);
Sha256Digest hmac_sha256(std::string_view key, std::string_view bytes);

}  // namespace sluice::aws
