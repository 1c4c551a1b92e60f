// Walks the tokens of a JSON text in order and checks them against the grammar (RFC 8259) as it goes, without
// recursion. What it has walked over is valid JSON, byte for byte: integers of any size and escapes of lone surrogates
// included.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/json_index.h"

namespace sluice {

// One member of an object, as token numbers: its name, its value (two on, past the colon) and what follows the value.
struct JsonMember {
  std::uint32_t name;
  std::uint32_t value;
  std::uint32_t after;
};

// One thread; belongs to one index, and must be told of each new text.
class JsonWalk {
 public:
  // What walks return in place of a token when the text is not JSON there.
  static constexpr std::uint32_t kInvalid = 0xFFFF'FFFFu;

  explicit JsonWalk(const JsonIndex& index) : index_(index) {}
  void start() {
    next_backslash_ = 0;
    backslash_known_ = false;
  }

  // The first byte of a token; 0 past the last.
  char at(std::uint32_t token) const { return token < index_.size() ? index_.text()[index_.offset(token)] : '\0'; }
  // A token from its first byte to its last.
  std::string_view text(std::uint32_t token) const;
  // The bytes from one token to the end of the one before `after`.
  std::string_view text(std::uint32_t first, std::uint32_t after) const;
  // What stands between the quotes of a string, escapes and all.
  std::string_view inside(std::uint32_t string_token) const;

  // Checks the value at `token` and returns the token after it. Each text's tokens are checked in order, none twice.
  std::uint32_t check_value(std::uint32_t token);
  // How deep the containers of the last check_value() were nested: 0 for a scalar, 1 for [] and {}.
  std::size_t depth() const { return depth_; }
  // As check_value(), for an object, handing each member to `on_member(name token, value token)`, which checks the
  // member's value and returns the token after it.
  template <typename OnMember>
  std::uint32_t check_object(std::uint32_t token, OnMember&& on_member);

  // Steps over a value that was checked before; returns the token after it.
  std::uint32_t skip_checked(std::uint32_t token) const;
  // The members of a checked object.
  void members_of_checked(std::uint32_t token, std::vector<JsonMember>& members) const;

 private:
  bool check_name(std::uint32_t token);
  bool check_scalar(std::uint32_t token);
  bool check_string(std::uint32_t token);

  const JsonIndex& index_;
  std::string open_;  // the containers around the current token, as their closing brackets
  std::size_t depth_ = 0;
  std::size_t next_backslash_ = 0;
  bool backslash_known_ = false;
};

template <typename OnMember>
std::uint32_t JsonWalk::check_object(std::uint32_t token, OnMember&& on_member) {
  if (at(token) != '{') return kInvalid;
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

}  // namespace sluice
