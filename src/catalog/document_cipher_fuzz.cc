// Key files and stored documents of any bytes; and a sealed document changed at one place, which must not open.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "catalog/document_cipher.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  static const auto cipher = *sluice::catalog::DocumentCipher::parse(std::string(64, '5'));
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  (void)sluice::catalog::DocumentCipher::parse(text);
  (void)cipher.open("1/a", text);
  (void)cipher.open("1/a", "enc1:" + std::string(text));
  std::string sealed = cipher.seal("1/a", text);
  SLUICE_CHECK(cipher.open("1/a", sealed).value() == text, "what was sealed opens");
  const std::size_t place = (data[0] + 256u * data[1]) % sealed.size();
  const char before = sealed[place];
  sealed[place] = static_cast<char>(data[2]);
  // Digits of either case are the same; and what does not begin as sealed does is plain.
  const bool same = (before | 0x20) == (sealed[place] | 0x20);
  const auto opened = cipher.open("1/a", sealed);
  SLUICE_CHECK(same || place < 5 || !opened, "a changed document does not open");
  return 0;
}
