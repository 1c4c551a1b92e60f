#include "base/terminal_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/utf8.h"

namespace sluice {
namespace {

// Control characters (C0, DEL, C1), and what changes the order or the place of text (Unicode's Bidi_Control, line and
// paragraph separators, byte order mark).
bool obeyed(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c || code == 0x200e || code == 0x200f ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

// Of a whole sequence of at most three bytes.
std::uint32_t code_point(std::string_view sequence) {
  const auto bits = [&](std::size_t place, unsigned mask) {
    return static_cast<unsigned char>(sequence[place]) & mask;
  };
  switch (sequence.size()) {
    case 1:
      return bits(0, 0x7f);
    case 2:
      return bits(0, 0x1f) << 6 | bits(1, 0x3f);
    default:
      return bits(0, 0x0f) << 12 | bits(1, 0x3f) << 6 | bits(2, 0x3f);
  }
}

}  // namespace

std::string terminal_text(std::string_view text, bool keeps_lines) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = utf8_sequence_size(text);
    const std::string_view sequence = text.substr(0, std::max<std::size_t>(size, 1));
    text.remove_prefix(sequence.size());
    if (size == 0) {
      out += "\\ufffd";  // not UTF-8: some terminals take such a byte for a control character
    } else if (size == 4 || sequence == "\t" || (keeps_lines && sequence == "\n")) {
      out += sequence;
    } else if (const std::uint32_t code = code_point(sequence); obeyed(code)) {
      out += fmt::format("\\u{:04x}", code);
    } else {
      out += sequence;
    }
  }
  return out;
}

}  // namespace sluice
