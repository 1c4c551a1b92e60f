#include "relay/json_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/bytes.h"
#include "base/hex.h"
#include "base/utf8.h"

namespace sluice::relay {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Which of eight bytes ends a plain stretch of a string: a quote, a backslash or a control character; 8: none. Borrows
// between bytes come from a byte that ends it, and reach only those behind: the first one found is right.
std::size_t first_special(std::uint64_t eight) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101ull, kHigh = 0x8080'8080'8080'8080ull;
  const std::uint64_t quote = eight ^ (kOnes * '"'), backslash = eight ^ (kOnes * '\\');
  const std::uint64_t found =
      (((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) | ((eight - kOnes * 0x20) & ~eight)) & kHigh;
  return static_cast<std::size_t>(std::countr_zero(found)) / 8;
}

// The code unit of the four digits behind "\u".
std::uint32_t code_unit(std::string_view digits) {
  std::uint32_t unit = 0;
  for (const char digit : digits.substr(0, 4)) unit = unit * 16 + static_cast<std::uint32_t>(hex_value(digit));
  return unit;
}

// Appends what the "\u" escape that `rest` starts with stands for, and returns its size: 12 for a pair of surrogates.
std::size_t append_code_point(std::string& out, std::string_view rest) {
  constexpr std::uint32_t kReplacement = 0xFFFD;
  const std::uint32_t unit = code_unit(rest.substr(2));
  if (unit < 0xD800 || unit > 0xDFFF) return append_utf8(out, unit), 6;
  if (unit < 0xDC00 && rest.size() >= 12 && rest[6] == '\\' && rest[7] == 'u')
    if (const std::uint32_t low = code_unit(rest.substr(8)); low >= 0xDC00 && low <= 0xDFFF)
      return append_utf8(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)), 12;
  return append_utf8(out, kReplacement), 6;
}

char simple_escape(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return letter;
  }
}

}  // namespace

TextPlace place_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_begin = before.rfind('\n') + 1;  // 0 when there is none
  return {1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')), before.size() - line_begin + 1};
}

std::string json_unescaped(std::string_view inside) {
  std::string out;
  out.reserve(inside.size());
  for (;;) {
    const std::size_t backslash = inside.find('\\');
    out.append(inside.substr(0, backslash));
    if (backslash == std::string_view::npos) return out;
    inside.remove_prefix(backslash);
    std::size_t size = 2;
    if (inside[1] == 'u')
      size = append_code_point(out, inside);
    else
      out.push_back(simple_escape(inside[1]));
    inside.remove_prefix(size);
  }
}

bool json_stands_for(std::string_view inside, std::string_view name) {
  if (inside == name) return true;
  return inside.size() > name.size() && inside.find('\\') != std::string_view::npos && json_unescaped(inside) == name;
}

bool JsonScan::push(bool object) {
  if (depth_ == kMaxJsonDepth) return failing("at most 1000 objects and arrays within each other");
  std::uint64_t& word = objects_[depth_ / 64];
  const std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
  word = object ? word | bit : word & ~bit;
  ++depth_;
  return true;
}

bool JsonScan::skip() {
  const std::size_t outside = depth_;
  std::string_view name;
  for (;;) {
    const char first = next();
    if (first == '{' || first == '[') {
      const bool object = first == '{';
      if (!push(object)) return false;
      ++at_;
      if (next() != (object ? '}' : ']')) {
        if (object && !member_name(name)) return false;
        continue;
      }
    } else if (!scalar(first)) {
      return false;
    } else if (depth_ == outside) {
      return true;
    }
    // Behind a value, or at the end of an empty container: out of what ends here, then to the next value.
    for (;;) {
      if (depth_ == outside) return true;
      const bool object = in_object();
      const char after = next();
      if (after == (object ? '}' : ']')) {
        ++at_;
        pop();
        continue;
      }
      if (after != ',') return failing(object ? "',' or '}'" : "',' or ']'");
      ++at_;
      if (object && !member_name(name)) return false;
      break;
    }
  }
}

bool JsonScan::member_name(std::string_view& inside) {
  if (next() != '"') return failing("a member's name in quotes");
  name_at_ = at_;
  if (!string(inside)) return false;
  if (next() != ':') return failing("':' behind the member's name");
  ++at_;
  return true;
}

bool JsonScan::string(std::string_view& inside) {
  if (next() != '"') return failing("a string in quotes");
  const std::size_t begin = ++at_;
  for (;;) {
    std::size_t plain = sizeof(std::uint64_t);
    while (plain == sizeof(std::uint64_t) && at_ + sizeof(std::uint64_t) <= text_.size()) {
      plain = first_special(load<std::uint64_t>(text_.data() + at_));
      at_ += plain;
    }
    if (at_ == text_.size()) return failing("the string's closing quote");
    const char c = text_[at_];
    if (c == '"') break;
    if (static_cast<unsigned char>(c) < 0x20) return failing("no control character inside a string");
    if (c != '\\')
      ++at_;
    else if (!escape())
      return false;
  }
  inside = text_.substr(begin, at_ - begin);
  ++at_;
  return true;
}

bool JsonScan::escape() {
  const std::string_view rest = text_.substr(at_);
  const bool simple = rest.size() >= 2 && std::string_view("\"\\/bfnrt").find(rest[1]) != std::string_view::npos;
  const bool unit = rest.size() >= 6 && rest[1] == 'u' &&
                    std::all_of(rest.begin() + 2, rest.begin() + 6, [](char c) { return hex_value(c) >= 0; });
  if (!simple && !unit) return failing("an escape that JSON knows");
  at_ += unit ? 6 : 2;
  return true;
}

bool JsonScan::scalar(char first) {
  std::string_view inside;
  switch (first) {
    case '"':
      return string(inside);
    case 't':
      return literal("true");
    case 'f':
      return literal("false");
    case 'n':
      return literal("null");
    default:
      return number();
  }
}

bool JsonScan::literal(std::string_view word) {
  if (!text_.substr(at_).starts_with(word)) return failing("a value");
  at_ += word.size();
  return true;
}

bool JsonScan::number() {
  const auto peek = [&] { return at_ < text_.size() ? text_[at_] : '\0'; };
  const auto digits = [&] {
    const std::size_t begin = at_;
    while (is_digit(peek())) ++at_;
    return at_ > begin;
  };
  const bool minus = peek() == '-';
  at_ += minus;
  if (peek() == '0')
    ++at_;
  else if (!digits())
    return failing(minus ? "a digit" : "a value");
  if (peek() == '.') {
    ++at_;
    if (!digits()) return failing("a digit");
  }
  if (peek() == 'e' || peek() == 'E') {
    ++at_;
    at_ += peek() == '+' || peek() == '-';
    if (!digits()) return failing("a digit");
  }
  return true;
}

std::string JsonScan::fault() const {
  if (at_ >= text_.size()) return fmt::format("expected {}, but the text ends", expected_);
  const char found = text_[at_];
  if (found > 0x20 && found < 0x7F) return fmt::format("expected {}, found '{}'", expected_, found);
  return fmt::format("expected {}, found the byte 0x{:02x}", expected_, static_cast<unsigned char>(found));
}

}  // namespace sluice::relay
