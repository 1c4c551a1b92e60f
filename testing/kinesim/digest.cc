#include "kinesim/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"

namespace kinesim {
namespace {

// One context a thread: creating one costs more than hashing a partition key.
template <std::size_t N>
std::array<std::uint8_t, N> digest(const EVP_MD* algorithm, std::string_view data) {
  struct Context {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ~Context() { EVP_MD_CTX_free(context); }
  };
  thread_local Context mine;
  std::array<std::uint8_t, N> out;
  unsigned size = N;
  const bool ok = EVP_DigestInit_ex2(mine.context, algorithm, nullptr) == 1 &&
                  EVP_DigestUpdate(mine.context, data.data(), data.size()) == 1 &&
                  EVP_DigestFinal_ex(mine.context, out.data(), &size) == 1;
  SLUICE_CHECK(ok && size == N, "OpenSSL offers SHA-256 and MD5");
  return out;
}

}  // namespace

Sha256 sha256(std::string_view data) {
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return digest<32>(kAlgorithm, data);
}

Md5 md5(std::string_view data) {
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "MD5", nullptr);
  return digest<16>(kAlgorithm, data);
}

Sha256 hmac_sha256(std::string_view key, std::string_view data) {
  Sha256 out;
  unsigned size = out.size();
  const auto* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(data.data()), data.size(), out.data(), &size);
  SLUICE_CHECK(made != nullptr && size == out.size(), "OpenSSL offers HMAC with SHA-256");
  return out;
}

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace kinesim
