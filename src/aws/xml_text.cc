#include "aws/xml_text.h"

#include <array>
#include <cstdint>
#include <utility>

#include "base/hex.h"
#include "base/utf8.h"

namespace sluice::aws {

namespace {

// The code point of "#39" or "#x27"; nothing when it is none.
std::optional<std::uint32_t> numeric_entity(std::string_view name) {
  const bool hex = name.starts_with("#x");
  const std::string_view digits = name.substr(hex ? 2 : 1);
  if (digits.empty() || digits.size() > 7) return std::nullopt;
  std::uint32_t code = 0;
  for (const char c : digits) {
    const int digit = hex_value(c);
    if (digit < 0 || (!hex && digit > 9)) return std::nullopt;
    code = code * (hex ? 16 : 10) + static_cast<std::uint32_t>(digit);
  }
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return std::nullopt;
  return code;
}

// An entity that is none stays as it is.
std::string resolved(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, char>, 5> kNamed = {
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t end = text[i] == '&' ? text.find(';', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text[i];
      continue;
    }
    const std::string_view name = text.substr(i + 1, end - i - 1);
    bool known = false;
    for (const auto& [entity, character] : kNamed) {
      if (name != entity) continue;
      out += character;
      known = true;
    }
    if (!known && name.starts_with('#')) {
      if (const auto code = numeric_entity(name)) {
        append_utf8(out, *code);
        known = true;
      }
    }
    if (known) {
      i = end;
    } else {
      out += '&';
    }
  }
  return out;
}

bool ends_name(char c) { return c == '>' || c == '/' || c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

std::optional<std::string> xml_text(std::string_view xml, std::string_view element) {
  std::size_t at = 0;
  while ((at = xml.find('<', at)) != std::string_view::npos) {
    ++at;
    std::size_t end = at;
    while (end < xml.size() && !ends_name(xml[end]) && xml[end] != '<') ++end;
    std::string_view name = xml.substr(at, end - at);
    if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
    if (name != element || element.empty()) continue;
    const std::size_t close = xml.find('>', end);
    if (close == std::string_view::npos) return std::nullopt;
    if (xml[close - 1] == '/') return std::string();
    const std::size_t stop = xml.find('<', close + 1);
    if (stop == std::string_view::npos || !xml.substr(stop).starts_with("</")) return std::nullopt;
    return resolved(xml.substr(close + 1, stop - close - 1));
  }
  return std::nullopt;
}

}  // namespace sluice::aws
