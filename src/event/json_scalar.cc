#include "event/json_scalar.h"

#include <cstdint>

#include "base/hex.h"
#include "base/utf8.h"

namespace sluice::event {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The four hex digits at `at`; negative if there are not four.
std::int32_t code_unit(std::string_view text, std::size_t at) {
  if (text.size() < at + 4) return -1;
  std::int32_t unit = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int value = hex_value(text[i]);
    if (value < 0) return -1;
    unit = unit * 16 + value;
  }
  return unit;
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

bool is_number(std::string_view text) {
  std::size_t at = 0;
  if (at < text.size() && text[at] == '-') ++at;
  const std::size_t whole = at;
  at = skip_digits(text, at);
  if (at == whole || (text[whole] == '0' && at > whole + 1)) return false;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = ++at;
    at = skip_digits(text, at);
    if (at == fraction) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t exponent = at;
    at = skip_digits(text, at);
    if (at == exponent) return false;
  }
  return at == text.size();
}

}  // namespace

namespace {

// What may stand behind a backslash, but for u.
bool is_short_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return true;
    default:
      return false;
  }
}

}  // namespace

bool json_escapes_valid(std::string_view text) {
  // Where there is one escape there are often more: one behind the other costs no search.
  const auto next = [text](std::size_t from) {
    return from < text.size() && text[from] == '\\' ? from : text.find('\\', from);
  };
  for (std::size_t at = next(0); at != std::string_view::npos; at = next(at)) {
    if (++at == text.size()) return false;
    if (text[at] == 'u') {
      if (code_unit(text, at + 1) < 0) return false;
      at += 5;
    } else if (is_short_escape(text[at])) {
      ++at;
    } else {
      return false;
    }
  }
  return true;
}

bool json_bare_scalar_valid(std::string_view text) {
  if (text.empty()) return false;
  switch (text.front()) {
    case 't':
      return text == "true";
    case 'f':
      return text == "false";
    case 'n':
      return text == "null";
    default:
      return is_number(text);
  }
}

std::string json_unescaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      out.push_back(text[at]);
      continue;
    }
    switch (text[++at]) {
      case 'b':
        out.push_back('\b');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 't':
        out.push_back('\t');
        break;
      case 'u': {
        auto code = static_cast<std::uint32_t>(code_unit(text, at + 1));
        at += 4;
        if (code >= 0xD800 && code < 0xDC00 && text.substr(at + 1, 2) == "\\u") {
          const std::int32_t low = code_unit(text, at + 3);
          if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (static_cast<std::uint32_t>(low) - 0xDC00);
            at += 6;
          }
        }
        append_utf8(out, code);
        break;
      }
      default:
        out.push_back(text[at]);
        break;
    }
  }
  return out;
}

}  // namespace sluice::event
