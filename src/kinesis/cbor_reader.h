// Reads CBOR that came over the network: every step checks that the bytes are there, nothing is allocated by a length
// that was only announced, and nesting is bounded. Definite and indefinite lengths; tags are passed over.
// https://www.rfc-editor.org/rfc/rfc8949
#pragma once

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <string>
#include <string_view>

#include "kinesis/cbor.h"

namespace sluice::kinesis {

// How deep skip() follows arrays, maps and tags inside each other; Kinesis's answers have three levels.
inline constexpr int kMaxCborDepth = 16;

// True when `body` begins as a CBOR map does. JSON never begins so: its first byte is '{' or white space.
bool looks_like_cbor(std::string_view body);

// One thread. Every step returns false when the bytes end or are something else; the reader is of no use after that.
class CborReader {
 public:
  // Views that the reader gives point into `bytes` or into the reader, until the next begin().
  void begin(std::string_view bytes);

  // Enters a map or an array. For each of its entries has_next() is true once, then false once.
  struct Container {
    std::uint64_t left = 0;
    bool indefinite = false;
    bool broken = false;  // the bytes ended where an entry or a break was due
  };
  bool enter(CborMajor major, Container& container);
  bool has_next(Container& container);

  // Calls `member(name)`, which reads or skips the value and returns false to give up, for each member of the map that
  // comes next.
  template <typename Member>
  bool read_map(Member&& member) {
    Container map;
    if (!enter(CborMajor::map, map)) return false;
    while (has_next(map)) {
      std::string_view name;
      if (!read_string(CborMajor::text, name) || !member(name)) return false;
    }
    return !map.broken;
  }

  // A text or byte string, in one piece or in pieces.
  bool read_string(CborMajor major, std::string_view& out);
  // A text string that is UTF-8. Null and undefined count as "" with `is_null` set; any other item is passed over and
  // counts as "".
  bool read_text_or_skip(std::string_view& out, bool& is_null);
  bool skip() { return skip_at(0); }

  bool at_end() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

 private:
  struct Head {
    CborMajor major{};
    bool indefinite = false;  // of a break: major is simple
    std::uint64_t number = 0;
  };
  bool read_head(Head& head);
  bool read_head_behind_tags(Head& head);
  bool read_string_behind(const Head& head, std::string_view& out);
  bool skip_at(int depth);
  bool take(std::uint64_t bytes, std::string_view& out);
  bool take_break();

  std::string_view rest_;
  std::forward_list<std::string> joined_;  // strings that came in pieces
};

}  // namespace sluice::kinesis
