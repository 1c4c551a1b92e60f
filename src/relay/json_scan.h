// Steps through a JSON text from its first byte to its last and checks it against the grammar (RFC 8259), without
// building anything: flag data is kept and served as the bytes it came in. Integers of any size, members that come
// twice and lone surrogates are valid, as for SDKs' own parsers; whether strings are UTF-8 is not looked at.
// Takes time in proportion to the text and no memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::relay {

// Containers within each other. The recursion limit of Python, whose SDK reads nothing deeper, is the same.
inline constexpr std::size_t kMaxJsonDepth = 1000;

// Line and column of a byte of a text, from 1; a column is a byte.
struct TextPlace {
  std::size_t line = 1, column = 1;
};
TextPlace place_of(std::string_view text, std::size_t offset);

// The text that a checked string stands for, in UTF-8, from what stands between its quotes; a lone surrogate becomes
// U+FFFD.
std::string json_unescaped(std::string_view inside);
// Whether it stands for `name`.
bool json_stands_for(std::string_view inside, std::string_view name);

// One thread. After a call that returned false, only at() and fault() may be asked.
class JsonScan {
 public:
  explicit JsonScan(std::string_view text) : text_(text) {}

  std::size_t at() const { return at_; }
  std::string_view text() const { return text_; }
  std::string_view from(std::size_t begin) const { return text_.substr(begin, at_ - begin); }
  // Steps over whitespace, and tells the byte that comes then; 0 at the end.
  char next() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  // Steps over a value of any type; at() is then behind its last byte.
  bool skip();
  // Steps over a string; `inside` is what stands between its quotes.
  bool string(std::string_view& inside);
  // Steps over an object: `on_member(inside of the name)` is called at each value, and has to step over it. It may
  // return false, after failing(). `name_at()` is where that name's quote stands.
  template <typename OnMember>
  bool object(OnMember&& on_member);
  template <typename OnElement>
  bool array(OnElement&& on_element);
  // Only whitespace is left.
  bool end() { return next() == '\0' && at_ == text_.size() ? true : failing("the end of the text"); }

  std::size_t name_at() const { return name_at_; }
  // Ends the scan here: always false.
  bool failing(const char* expected) {
    expected_ = expected;
    return false;
  }
  // "expected …, found …" of the byte at at().
  std::string fault() const;

 private:
  static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
  bool push(bool object);
  void pop() { --depth_; }
  bool in_object() const { return (objects_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64) & 1) != 0; }
  bool scalar(char first);
  bool number();
  bool literal(std::string_view word);
  bool escape();
  bool member_name(std::string_view& inside);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t name_at_ = 0;
  std::size_t depth_ = 0;
  std::array<std::uint64_t, (kMaxJsonDepth + 63) / 64> objects_{};  // which of the containers around are objects
  const char* expected_ = "a value";
};

template <typename OnMember>
bool JsonScan::object(OnMember&& on_member) {
  if (next() != '{') return failing("'{'");
  if (!push(true)) return false;
  ++at_;
  for (bool first = true; first ? next() != '}' : true; first = false) {
    std::string_view name;
    if (!member_name(name) || !on_member(name)) return false;
    const char after = next();
    if (after == '}') break;
    if (after != ',') return failing("',' or '}'");
    ++at_;
  }
  ++at_;
  pop();
  return true;
}

template <typename OnElement>
bool JsonScan::array(OnElement&& on_element) {
  if (next() != '[') return failing("'['");
  if (!push(false)) return false;
  ++at_;
  for (bool first = true; first ? next() != ']' : true; first = false) {
    if (!on_element()) return false;
    const char after = next();
    if (after == ']') break;
    if (after != ',') return failing("',' or ']'");
    ++at_;
  }
  ++at_;
  pop();
  return true;
}

}  // namespace sluice::relay
