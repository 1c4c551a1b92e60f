#include "base/base64.h"

#include <immintrin.h>

#include <array>

namespace sluice {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Two output characters for each 12-bit group: half the look-ups of the usual table.
struct PairTable {
  std::array<char, 2 * 4096> pairs;
  constexpr PairTable() : pairs() {
    for (std::size_t i = 0; i < 4096; ++i) {
      pairs[2 * i] = kAlphabet[i >> 6];
      pairs[2 * i + 1] = kAlphabet[i & 63];
    }
  }
};
constexpr PairTable kPairs;

char* write_scalar(char* out, const unsigned char* in, std::size_t size) {
  for (; size >= 3; size -= 3, in += 3, out += 4) {
    const unsigned group = (static_cast<unsigned>(in[0]) << 16) | (static_cast<unsigned>(in[1]) << 8) | in[2];
    out[0] = kPairs.pairs[2 * (group >> 12)];
    out[1] = kPairs.pairs[2 * (group >> 12) + 1];
    out[2] = kPairs.pairs[2 * (group & 4095)];
    out[3] = kPairs.pairs[2 * (group & 4095) + 1];
  }
  if (size == 0) return out;
  const unsigned group = (static_cast<unsigned>(in[0]) << 16) | (size == 2 ? static_cast<unsigned>(in[1]) << 8 : 0u);
  out[0] = kAlphabet[group >> 18];
  out[1] = kAlphabet[(group >> 12) & 63];
  out[2] = size == 2 ? kAlphabet[(group >> 6) & 63] : '=';
  out[3] = '=';
  return out + 4;
}

// 24 bytes to 32 characters a step, after W. Muła and D. Lemire, "Faster Base64 Encoding and Decoding Using AVX2
// Instructions" (2018): shuffle each 3 bytes into a 32-bit lane, cut it into four 6-bit numbers by multiplication, and
// turn numbers into letters by adding an offset that a table gives for each range.
__attribute__((target("avx2"))) char* write_avx2(char* out, const unsigned char*& in, std::size_t& size) {
  const __m256i spread = _mm256_setr_epi8(5, 4, 6, 5, 8, 7, 9, 8, 11, 10, 12, 11, 14, 13, 15, 14, 1, 0, 2, 1, 4, 3, 5,
                                          4, 7, 6, 8, 7, 10, 9, 11, 10);
  const __m256i offsets = _mm256_setr_epi8(65, 71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 0, 0, 65, 71, -4,
                                           -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 0, 0);
  // Each step reads 32 bytes, 4 of them before the 24 that it encodes: the first 4 bytes are left to a step that starts
  // 4 later.
  while (size >= 32) {
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + 8));
    // Lane 0 takes its bytes at offset 0, lane 1 at offset 12 (8 + 4): `spread` is written for a start at 4 in lane 0.
    const __m128i low_shifted = _mm_slli_si128(low, 4);
    __m256i block = _mm256_inserti128_si256(_mm256_castsi128_si256(low_shifted), _mm_srli_si128(high, 4), 1);
    block = _mm256_shuffle_epi8(block, spread);
    const __m256i high_parts =
        _mm256_mulhi_epu16(_mm256_and_si256(block, _mm256_set1_epi32(0x0FC0FC00)), _mm256_set1_epi32(0x04000040));
    const __m256i low_parts =
        _mm256_mullo_epi16(_mm256_and_si256(block, _mm256_set1_epi32(0x003F03F0)), _mm256_set1_epi32(0x01000010));
    const __m256i numbers = _mm256_or_si256(high_parts, low_parts);
    __m256i range = _mm256_subs_epu8(numbers, _mm256_set1_epi8(51));
    range = _mm256_sub_epi8(range, _mm256_cmpgt_epi8(numbers, _mm256_set1_epi8(25)));
    const __m256i letters = _mm256_add_epi8(numbers, _mm256_shuffle_epi8(offsets, range));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), letters);
    in += 24;
    size -= 24;
    out += 32;
  }
  return out;
}

std::array<std::int8_t, 256> decoding_table() {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::int8_t i = 0; i < 64; ++i) table[static_cast<unsigned char>(kAlphabet[i])] = i;
  table['-'] = 62;
  table['_'] = 63;
  return table;
}

}  // namespace

char* base64_write(char* out, std::string_view data) {
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  const auto* in = reinterpret_cast<const unsigned char*>(data.data());
  std::size_t size = data.size();
  if (has_avx2) out = write_avx2(out, in, size);
  return write_scalar(out, in, size);
}

void base64_append(std::string& out, std::string_view data) {
  const std::size_t start = out.size();
  out.resize(start + base64_size(data.size()));
  base64_write(out.data() + start, data);
}

std::optional<std::string> base64_decode(std::string_view text) {
  static const std::array<std::int8_t, 256> table = decoding_table();
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out(text.size() * 3 / 4, '\0');
  char* to = out.data();
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::int8_t value = table[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      *to++ = static_cast<char>((bits >> count) & 0xFF);
    }
  }
  return out;
}

}  // namespace sluice
