#include "event/array_splitter.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace sluice::event {
namespace {

// Bytes outside strings that matter.
constexpr std::array<bool, 256> kMatters = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("\"{}[],")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

// The quote that ends the string whose first byte is at `at`; null: none does. Most strings have no escaped quote, and
// the search runs far ahead; behind one there are often more, and it looks at each byte for a while.
const char* string_end(const char* at, const char* end) {
  constexpr std::ptrdiff_t kLookedAt = 64;
  for (const char* from = at;;) {
    const auto* quote = static_cast<const char*>(std::memchr(from, '"', static_cast<std::size_t>(end - from)));
    if (quote == nullptr) return nullptr;
    const char* first_backslash = quote;
    while (first_backslash > from && first_backslash[-1] == '\\') --first_backslash;
    if ((quote - first_backslash) % 2 == 0) return quote;
    from = quote + 1;  // an escaped quote: no backslash before it counts for the next
    for (const char* stop = from + std::min(kLookedAt, end - from); from < stop;) {
      if (*from == '"') return from;
      if (*from == '\\') stop = from + std::min(kLookedAt, end - from);
      from += *from == '\\' ? 2 : 1;
    }
    if (from >= end) return nullptr;
  }
}

bool is_gap(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

std::size_t skip_space(std::string_view text, std::size_t begin) {
  constexpr std::string_view kBlanks = "                ";
  while (begin < text.size() && is_gap(text[begin]))
    begin += text.substr(begin, kBlanks.size()) == kBlanks ? kBlanks.size() : 1;
  return begin;
}

std::size_t next_element(std::string_view inside, std::size_t begin) {
  const char* const end = inside.data() + inside.size();
  std::size_t depth = 0;
  for (const char* at = inside.data() + begin; at < end; ++at) {
    if (!kMatters[static_cast<unsigned char>(*at)]) continue;
    switch (*at) {
      case '"':
        at = string_end(at + 1, end);
        if (at == nullptr) return kUnsplittable;
        break;
      case ',':
        if (depth == 0) return static_cast<std::size_t>(at - inside.data());
        break;
      case '{':
      case '[':
        ++depth;
        break;
      default:
        if (depth == 0) return kUnsplittable;
        --depth;
    }
  }
  return depth == 0 ? inside.size() : kUnsplittable;
}

}  // namespace sluice::event
