#include "kinesim/base64_decoder.h"

#include <immintrin.h>

#include <array>
#include <cstdint>

namespace kinesim {
namespace {

constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> values{};
  for (auto& value : values) value = -1;
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < letters.size(); ++i)
    values[static_cast<unsigned char>(letters[i])] = static_cast<std::int8_t>(i);
  return values;
}
constexpr std::array<std::int8_t, 256> kValues = make_values();

// W. Muła and D. Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions" (2018). Stops in front of the
// first block with a character that is no letter of the alphabet.
__attribute__((target("avx2"))) void decode_avx2(char*& out, const char*& in, const char* end) {
  const __m256i low_table =
      _mm256_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A,
                       0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A);
  const __m256i high_table =
      _mm256_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
                       0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
  const __m256i roll_table = _mm256_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 19, 4,
                                              -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m256i slash = _mm256_set1_epi8(0x2f);
  const __m256i order = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1, 2, 1, 0, 6, 5, 4, 10,
                                         9, 8, 14, 13, 12, -1, -1, -1, -1);
  while (end - in >= 36) {
    const __m256i text = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in));
    const __m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), slash);
    const __m256i low_class = _mm256_shuffle_epi8(low_table, _mm256_and_si256(text, slash));
    const __m256i high_class = _mm256_shuffle_epi8(high_table, high);
    if (_mm256_testz_si256(low_class, high_class) == 0) return;
    const __m256i roll = _mm256_shuffle_epi8(roll_table, _mm256_add_epi8(_mm256_cmpeq_epi8(text, slash), high));
    const __m256i values = _mm256_add_epi8(text, roll);
    const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
    const __m256i groups = _mm256_shuffle_epi8(_mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000)), order);
    const __m256i packed = _mm256_permutevar8x32_epi32(groups, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, -1, -1));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), packed);
    in += 32;
    out += 24;
  }
}

int value(char c) { return kValues[static_cast<unsigned char>(c)]; }

}  // namespace

std::optional<std::size_t> base64_decode_to(char* out, std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return 0;
  static const bool kHasAvx2 = __builtin_cpu_supports("avx2") != 0;
  const char* in = text.data();
  const char* const end = in + text.size();
  char* at = out;
  if (kHasAvx2) decode_avx2(at, in, end);
  for (; end - in > 4; in += 4) {
    const int group = (value(in[0]) << 18) | (value(in[1]) << 12) | (value(in[2]) << 6) | value(in[3]);
    if (group < 0) return std::nullopt;
    *at++ = static_cast<char>(group >> 16);
    *at++ = static_cast<char>(group >> 8);
    *at++ = static_cast<char>(group);
  }
  const int padding = in[3] != '=' ? 0 : in[2] != '=' ? 1 : 2;
  const int third = padding == 2 ? 0 : value(in[2]);
  const int fourth = padding >= 1 ? 0 : value(in[3]);
  const int group = (value(in[0]) << 18) | (value(in[1]) << 12) | (third << 6) | fourth;
  if (group < 0) return std::nullopt;
  *at++ = static_cast<char>(group >> 16);
  if (padding < 2) *at++ = static_cast<char>(group >> 8);
  if (padding < 1) *at++ = static_cast<char>(group);
  return static_cast<std::size_t>(at - out);
}

}  // namespace kinesim
