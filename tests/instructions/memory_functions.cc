// In place of libc's, for the whole counted program: what copying and searching cost depends on the length alone.
// libc's choose by the processor, and take steps that depend on where the bytes lie, which moves with every change of
// anything; together that was 2 % of an event. Sixteen bytes a step, with no regard to alignment.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

#include <emmintrin.h>

#include <cstddef>
#include <cstdint>

namespace {

constexpr std::size_t kStep = sizeof(__m128i);

__m128i load(const void* at) { return _mm_loadu_si128(static_cast<const __m128i*>(at)); }
void store(void* at, __m128i bytes) { _mm_storeu_si128(static_cast<__m128i*>(at), bytes); }

template <typename T>
T load_as(const unsigned char* at) {
  T value;
  __builtin_memcpy(&value, at, sizeof value);  // one instruction: the size is known
  return value;
}
// Fewer than kStep, at least sizeof(T): from both ends, so that they may lie over each other.
template <typename T>
void copy_ends(unsigned char* to, const unsigned char* from, std::size_t size) {
  const T first = load_as<T>(from), last = load_as<T>(from + size - sizeof(T));
  __builtin_memcpy(to, &first, sizeof first);
  __builtin_memcpy(to + size - sizeof(T), &last, sizeof last);
}

void copy_few(unsigned char* to, const unsigned char* from, std::size_t size) {
  if (size >= sizeof(std::uint64_t)) return copy_ends<std::uint64_t>(to, from, size);
  if (size >= sizeof(std::uint32_t)) return copy_ends<std::uint32_t>(to, from, size);
  if (size >= sizeof(std::uint16_t)) return copy_ends<std::uint16_t>(to, from, size);
  if (size == 1) *to = *from;
}

unsigned equal_bytes(__m128i one, __m128i other) {
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(one, other)));
}

}  // namespace

extern "C" {

void* memmove(void* to, const void* from, std::size_t size) {
  auto* const out = static_cast<unsigned char*>(to);
  const auto* const in = static_cast<const unsigned char*>(from);
  if (size < kStep) {
    copy_few(out, in, size);
  } else if (out <= in || out >= in + size) {
    const __m128i last = load(in + size - kStep);
    for (std::size_t at = 0; at + kStep <= size; at += kStep) store(out + at, load(in + at));
    store(out + size - kStep, last);
  } else {
    const __m128i first = load(in);
    for (std::size_t left = size; left >= kStep; left -= kStep) store(out + left - kStep, load(in + left - kStep));
    store(out, first);
  }
  return to;
}

void* memcpy(void* __restrict to, const void* __restrict from, std::size_t size) { return memmove(to, from, size); }

void* memset(void* to, int byte, std::size_t size) {
  auto* const out = static_cast<unsigned char*>(to);
  std::size_t at = 0;
  const __m128i bytes = _mm_set1_epi8(static_cast<char>(byte));
  for (; at + kStep <= size; at += kStep) store(out + at, bytes);
  for (; at < size; ++at) out[at] = static_cast<unsigned char>(byte);
  return to;
}

int memcmp(const void* one, const void* other, std::size_t size) {
  const auto* const a = static_cast<const unsigned char*>(one);
  const auto* const b = static_cast<const unsigned char*>(other);
  std::size_t at = 0;
  while (at + kStep <= size && equal_bytes(load(a + at), load(b + at)) == 0xFFFF) at += kStep;
  while (at + sizeof(std::uint64_t) <= size && load_as<std::uint64_t>(a + at) == load_as<std::uint64_t>(b + at))
    at += sizeof(std::uint64_t);
  for (; at < size; ++at)
    if (a[at] != b[at]) return a[at] - b[at];
  return 0;
}

void* memchr(const void* in, int byte, std::size_t size) {
  const auto* const bytes = static_cast<const unsigned char*>(in);
  const auto found = [&](std::size_t at) { return const_cast<unsigned char*>(bytes + at); };
  const __m128i wanted = _mm_set1_epi8(static_cast<char>(byte));
  std::size_t at = 0;
  for (; at + kStep <= size; at += kStep)
    if (const unsigned equal = equal_bytes(load(bytes + at), wanted); equal != 0)
      return found(at + static_cast<std::size_t>(__builtin_ctz(equal)));
  for (; at < size; ++at)
    if (bytes[at] == static_cast<unsigned char>(byte)) return found(at);
  return nullptr;
}

}  // extern "C"
