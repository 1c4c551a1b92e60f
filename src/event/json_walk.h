// Walks the tokens of a JSON text in order and checks them against the grammar (RFC 8259) as it goes, without
// recursion. What it has walked over is valid JSON, byte for byte: integers of any size and escapes of lone surrogates
// included.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "event/json_index.h"

namespace sluice::event {

// One member of an object, as token numbers: its name, its value (two on, past the colon) and what follows the value.
struct JsonMember {
  std::uint32_t name;
  std::uint32_t value;
  std::uint32_t after;
};

// One thread.
class JsonWalk {
 public:
  // What walks return in place of a token when the text is not JSON there.
  static constexpr std::uint32_t kInvalid = 0xFFFF'FFFFu;

  // Before the first walk over a newly scanned text; the index and the text must stay as they are until the last.
  void start(const JsonIndex& index);

  std::uint32_t size() const { return size_; }
  // No whitespace stands outside strings: what lies between two tokens is what the earlier one consists of.
  bool compact() const { return compact_; }

  // The first byte of a token; 0 past the last.
  char at(std::uint32_t token) const { return token < size_ ? text_[offsets_[token]] : '\0'; }
  std::uint32_t offset(std::uint32_t token) const { return offsets_[token]; }
  // The bytes from one token to the end of the one before `after`.
  [[gnu::always_inline]] std::string_view text(std::uint32_t first, std::uint32_t after) const {  // ten calls an event
    const char* end = text_ + offsets_[after];
    if (!compact_) end = without_space(end);
    return {text_ + offsets_[first], end};
  }
  // A token from its first byte to its last.
  std::string_view text(std::uint32_t token) const { return text(token, token + 1); }
  // What stands between the quotes of a checked string, escapes and all.
  std::string_view inside(std::uint32_t string_token) const {
    const std::string_view quoted = text(string_token);
    return quoted.substr(1, quoted.size() - 2);
  }

  // Checks the value at `token` and returns the token after it. Each text's tokens are checked in order, none twice.
  std::uint32_t check_value(std::uint32_t token) {
    depth_ = 0;
    const char first = at(token);
    if (first == '{' || first == '[') return check_container(token);
    return (first == '"' ? check_string(token) : check_scalar(token)) ? token + 1 : kInvalid;
  }
  // How deep the containers of the last check_value() were nested: 0 for a scalar, 1 for [] and {}.
  std::size_t depth() const { return depth_; }
  // As check_value(), for a token that is '{', handing each member to `on_member(name token, value token)`, which
  // checks the member's value and returns the token after it.
  template <typename OnMember>
  std::uint32_t check_object(std::uint32_t token, OnMember&& on_member);
  // Whether the string or name that was checked last holds an escape.
  bool escape_in_last_string() const { return escape_in_last_string_; }

  // Whether a checked string stands for this text, however it is escaped.
  bool stands_for(std::uint32_t string_token, std::string_view text) const {
    const std::string_view sent = inside(string_token);
    return sent == text || (has_backslash_ && sent.size() > text.size() && unescapes_to(sent, text));
  }
  // Steps over a value that was checked before; returns the token after it.
  std::uint32_t skip_checked(std::uint32_t token) const {
    const char first = at(token);
    return first == '{' || first == '[' ? skip_container(token) : token + 1;
  }
  // The value of that name in a checked value, the last one if it comes twice; nothing if there is none or it is no
  // object.
  std::optional<std::uint32_t> find_in_checked(std::uint32_t token, std::string_view name) const;

 private:
  std::uint32_t check_container(std::uint32_t token);
  bool check_name(std::uint32_t token) { return at(token) == '"' && check_string(token) && at(token + 1) == ':'; }
  bool check_scalar(std::uint32_t token);
  // Control characters and a missing end were found when the text was indexed; escapes are left to check. Most texts
  // have none, so the search for the next backslash runs ahead over the whole text, once.
  bool check_string(std::uint32_t token) {
    escape_in_last_string_ = false;
    if (const std::string_view quoted = text(token); next_backslash_ >= offsets_[token + 1])
      return quoted.size() >= 2 && quoted.back() == '"';
    return check_string_near_backslash(token);
  }
  bool check_string_near_backslash(std::uint32_t token);
  static bool unescapes_to(std::string_view inside, std::string_view text);
  std::uint32_t skip_container(std::uint32_t token) const;
  const char* without_space(const char* end) const;
  void open(std::size_t depth, char closing) {
    if (depth >= open_.size()) make_room(depth);
    open_[depth] = closing;
  }
  void make_room(std::size_t depth);

  const char* text_ = nullptr;
  const std::uint32_t* offsets_ = nullptr;
  std::uint32_t size_ = 0;
  bool compact_ = true;
  bool has_backslash_ = false;  // anywhere in the text
  bool escape_in_last_string_ = false;
  std::size_t next_backslash_ =
      0;  // the first that no string checked so far has passed; the text's size if there is none
  std::size_t depth_ = 0;
  std::string open_;  // the closing brackets of the containers around the current token
};

template <typename OnMember>
std::uint32_t JsonWalk::check_object(std::uint32_t token, OnMember&& on_member) {
  if (at(++token) == '}') return token + 1;
  for (;;) {
    if (!check_name(token)) return kInvalid;
    token = on_member(token, token + 2);
    if (token == kInvalid) return kInvalid;
    const char next = at(token++);
    if (next == '}') return token;
    if (next != ',') return kInvalid;
  }
}

}  // namespace sluice::event
