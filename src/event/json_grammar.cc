#include "event/json_grammar.h"

#include <fmt/format.h>

#include <string>

#include "base/utf8.h"
#include "event/json_scalar.h"

namespace sluice::event {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool ends_bare_scalar(char c) { return is_space(c) || std::string_view("{}[]:,\"").find(c) != std::string_view::npos; }

class Checker {
 public:
  explicit Checker(std::string_view text) : text_(text) {}

  Result<void> run() {
    std::string open;  // the containers around, as their closing brackets
    for (;;) {
      if (auto started = value_or_opening(open); !started) return started;
      // After a value: step out of what ends here, then on to the next member or element.
      skip_space();
      while (!open.empty() && peek(open.back())) {
        open.pop_back();
        ++at_;
        skip_space();
      }
      if (open.empty()) break;
      if (!peek(',')) return wrong(open.back() == '}' ? "',' or '}'" : "',' or ']'");
      ++at_;
      if (open.back() != '}') continue;
      if (auto name = member_name("a member name in quotes"); !name) return name;
    }
    if (at_ < text_.size()) return wrong("the end");
    return {};
  }

 private:
  // Reads a scalar or an empty container whole; of any other container, all that comes before its first scalar.
  Result<void> value_or_opening(std::string& open) {
    for (;;) {
      skip_space();
      if (!peek('{') && !peek('[')) return scalar();
      const bool object = peek('{');
      open.push_back(object ? '}' : ']');
      ++at_;
      skip_space();
      if (peek(open.back())) return {};
      if (!object) continue;
      if (auto name = member_name("a member name in quotes or '}'"); !name) return name;
    }
  }

  Result<void> member_name(const char* expected) {
    skip_space();
    if (!peek('"')) return wrong(expected);
    if (auto name = string(); !name) return name;
    skip_space();
    if (!peek(':')) return wrong("':' after the member name");
    ++at_;
    return {};
  }

  Result<void> scalar() {
    if (peek('"')) return string();
    std::size_t end = at_;
    while (end < text_.size() && !ends_bare_scalar(text_[end])) ++end;
    if (end == at_) return wrong("a value");
    const std::string_view word = text_.substr(at_, end - at_);
    if (!printable(word.front())) return wrong("a value");
    if (!json_bare_scalar_valid(word)) return no_value(word);
    at_ = end;
    return {};
  }

  Result<void> string() {
    const std::size_t begin = ++at_;
    while (!peek('"')) {
      if (at_ >= text_.size()) return fail(fmt::format("byte {}: the string that starts here does not end", begin - 1));
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return bad("a control character in a string must be escaped");
      if (text_[at_] == '\\') {
        const std::size_t size = escape_size();
        if (size == 0) return fail(fmt::format("byte {}: the backslash starts no escape that JSON knows", at_));
        at_ += size;
        continue;
      }
      const std::size_t size = utf8_sequence_size(text_.substr(at_));
      if (size == 0) return bad("the text is not UTF-8 here");
      at_ += size;
    }
    ++at_;
    return {};
  }

  // Of the escape at the backslash that is next; 0 if JSON does not know it.
  std::size_t escape_size() const {
    for (const std::size_t size : {std::size_t{2}, std::size_t{6}})
      if (at_ + size <= text_.size() && json_escapes_valid(text_.substr(at_, size))) return size;
    return 0;
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool peek(char c) const { return at_ < text_.size() && text_[at_] == c; }

  static bool printable(char c) { return c > 0x20 && c < 0x7F; }

  tl::unexpected<Error> wrong(std::string_view expected) const { return bad(fmt::format("expected {}", expected)); }

  // What is bad about the byte that is next, and the byte.
  tl::unexpected<Error> bad(std::string_view why) const {
    if (at_ >= text_.size()) return fail(fmt::format("byte {}: {}, but the text ends", at_, why));
    const char next = text_[at_];
    const std::string found = printable(next) ? fmt::format("'{}'", next)
                                              : fmt::format("the byte 0x{:02x}", static_cast<unsigned char>(next));
    return fail(fmt::format("byte {}: {}, found {}", at_, why, found));
  }

  tl::unexpected<Error> no_value(std::string_view word) const {
    constexpr std::size_t kShown = 20;
    std::size_t shown = 0;
    while (shown < word.size() && shown < kShown && printable(word[shown])) ++shown;
    return fail(fmt::format("byte {}: '{}{}' is no value; expected a string, a number, true, false, null, '[' or '{{'",
                            at_, word.substr(0, shown), shown < word.size() ? "…" : ""));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<void> check_json(std::string_view text) { return Checker(text).run(); }

}  // namespace sluice::event
