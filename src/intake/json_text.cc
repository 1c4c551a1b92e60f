#include "intake/json_text.h"

#include <fmt/format.h>

#include <cstdint>

namespace sluice {

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (static_cast<unsigned char>(c) < 0x20)
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    else
      out.push_back(c);
  }
  out.push_back('"');
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<std::uint8_t>(text[at]) : 0u; };
    const unsigned first = byte(i);
    std::size_t more;
    std::uint32_t point;
    if (first < 0x80) {
      ++i;
      continue;
    }
    if (first >= 0xC2 && first < 0xE0)
      more = 1, point = first & 0x1Fu;
    else if (first >= 0xE0 && first < 0xF0)
      more = 2, point = first & 0x0Fu;
    else if (first >= 0xF0 && first < 0xF5)
      more = 3, point = first & 0x07u;
    else
      return false;
    for (std::size_t k = 1; k <= more; ++k) {
      if ((byte(i + k) & 0xC0u) != 0x80) return false;
      point = point << 6 | (byte(i + k) & 0x3Fu);
    }
    if (more == 2 && (point < 0x800 || (point >= 0xD800 && point < 0xE000))) return false;
    if (more == 3 && (point < 0x10000 || point > 0x10FFFF)) return false;
    i += more + 1;
  }
  return true;
}

std::string printable(std::string_view text) {
  std::string out(text);
  if (is_utf8(text)) return out;
  for (char& c : out)
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  return out;
}

}  // namespace sluice
