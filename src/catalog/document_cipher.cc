#include "catalog/document_cipher.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <memory>

#include "base/check.h"
#include "base/hex.h"
#include "base/random.h"

namespace sluice::catalog {
namespace {

constexpr std::string_view kMark = "enc1:";
constexpr std::size_t kIdDigits = 8, kNonceBytes = 12, kTagBytes = 16;
constexpr std::string_view kBetween = " \t\r\n,";

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t line_end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, std::min(line_end, text.find('#')));
    text.remove_prefix(std::min(line_end + 1, text.size()));
    for (;;) {
      const std::size_t first = line.find_first_not_of(kBetween);
      if (first == std::string_view::npos) break;
      line.remove_prefix(first);
      const std::size_t end = std::min(line.find_first_of(kBetween), line.size());
      words.push_back(line.substr(0, end));
      line.remove_prefix(end);
    }
  }
  return words;
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

Result<DocumentCipher> DocumentCipher::parse(std::string_view text) {
  DocumentCipher cipher;
  std::size_t place = 0;
  for (const std::string_view word : words_of(text)) {
    ++place;
    if (word == "plain" && place == 1) continue;
    const auto bytes = bytes_of_hex(word);
    if (!bytes || bytes->size() != 32)
      return fail(
          fmt::format("key {} of {} characters is not valid; expected 64 hex digits, as `openssl rand -hex 32` prints "
                      "them, or `plain` in the first place.",
                      place, word.size()));
    if (place == 1) cipher.plain_ = false;
    Key key;
    std::copy(bytes->begin(), bytes->end(), key.bytes.begin());
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(key.bytes.data(), key.bytes.size(), digest);
    key.id = hex_of(std::string_view(reinterpret_cast<const char*>(digest), kIdDigits / 2));
    cipher.keys_.push_back(std::move(key));
  }
  if (cipher.keys_.empty())
    return fail("there is no key; expected 64 hex digits, as `openssl rand -hex 32` prints them.");
  return cipher;
}

std::string DocumentCipher::known_ids() const {
  std::string ids;
  for (const Key& key : keys_) ids += (ids.empty() ? "" : ", ") + key.id;
  return ids;
}

bool DocumentCipher::is_current(std::string_view stored) const {
  if (!stored.starts_with(kMark)) return plain_;
  return !plain_ && stored.substr(kMark.size(), kIdDigits) == keys_.front().id;
}

std::string DocumentCipher::seal(std::string_view name, std::string_view text) const {
  if (plain_) return std::string(text);
  const Key& key = keys_.front();
  std::vector<unsigned char> out(kNonceBytes + text.size() + kTagBytes);
  random_secret_bytes(out.data(), kNonceBytes);
  const Context context(EVP_CIPHER_CTX_new());
  int written = 0;
  const bool sealed =
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.bytes.data(), out.data()) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &written, bytes_of(name), static_cast<int>(name.size())) == 1 &&
      EVP_EncryptUpdate(context.get(), out.data() + kNonceBytes, &written, bytes_of(text),
                        static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), out.data() + kNonceBytes + text.size(), &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, out.data() + kNonceBytes + text.size()) == 1;
  SLUICE_CHECK(sealed, "OpenSSL seals what it is given");
  return fmt::format("{}{}:{}", kMark, key.id, hex_of(out));
}

Result<std::string> DocumentCipher::open(std::string_view name, std::string_view stored) const {
  if (!stored.starts_with(kMark)) return std::string(stored);
  const std::string_view id = stored.substr(kMark.size(), kIdDigits);
  const Key* key = nullptr;
  for (const Key& known : keys_)
    if (known.id == id) key = &known;
  if (key == nullptr)
    return fail(fmt::format("it is encrypted under the key {}, and {}", id,
                            keys_.empty() ? "no key is given" : "the keys given are " + known_ids()));
  const auto damaged = [] { return fail("what is encrypted was changed, or is not where it was written"); };
  constexpr std::size_t kColon = kMark.size() + kIdDigits;
  if (stored.size() <= kColon || stored[kColon] != ':') return damaged();
  const auto bytes = bytes_of_hex(stored.substr(kColon + 1));
  if (!bytes || bytes->size() < kNonceBytes + kTagBytes) return damaged();
  const std::size_t size = bytes->size() - kNonceBytes - kTagBytes;
  std::string text(size, '\0');
  std::array<unsigned char, kTagBytes> tag{};
  std::copy(bytes->end() - kTagBytes, bytes->end(), tag.begin());
  const Context context(EVP_CIPHER_CTX_new());
  int written = 0;
  auto* out = reinterpret_cast<unsigned char*>(text.data());
  const bool opened =
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key->bytes.data(), bytes_of(*bytes)) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &written, bytes_of(name), static_cast<int>(name.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), out, &written, bytes_of(*bytes) + kNonceBytes, static_cast<int>(size)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), out + size, &written) == 1;
  if (!opened) return damaged();
  return text;
}

}  // namespace sluice::catalog
