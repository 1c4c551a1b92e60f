// Reads CBOR that came over the network: every step checks that the bytes are there, nothing is allocated by a length
// that was only announced, and nesting is bounded. Definite and indefinite lengths; tags are passed over.
// https://www.rfc-editor.org/rfc/rfc8949
#pragma once

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <string>
#include <string_view>

#include "destinations/kinesis/cbor.h"

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
  bool has_next(Container& container) {
    if (container.indefinite) {
      container.broken = rest_.empty();
      return !container.broken && !take_break();
    }
    if (container.left == 0) return false;
    --container.left;
    return true;
  }

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
  bool read_string(CborMajor major, std::string_view& out) {
    return take_short_string(major, out) || read_any_string(major, out);
  }
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
  // Where an answer's time goes: a string of up to 255 bytes in one piece, which nearly all are. False: nothing was
  // taken.
  bool take_short_string(CborMajor major, std::string_view& out) {
    if (rest_.size() < 2) return false;
    const auto first = static_cast<unsigned char>(rest_[0]);
    const unsigned info = first & 31;
    if (first >> 5 != static_cast<unsigned>(major) || info > 24) return false;
    const std::size_t head_bytes = info == 24 ? 2 : 1;
    const std::size_t bytes = info == 24 ? static_cast<unsigned char>(rest_[1]) : info;
    if (bytes > rest_.size() - head_bytes) return false;
    out = {rest_.data() + head_bytes, bytes};
    rest_.remove_prefix(head_bytes + bytes);
    return true;
  }
  bool read_any_string(CborMajor major, std::string_view& out);
  bool read_head(Head& head);
  bool read_head_behind_tags(Head& head);
  bool read_string_behind(const Head& head, std::string_view& out);
  bool skip_at(int depth);
  bool take(std::uint64_t bytes, std::string_view& out);
  bool take_break() {
    if (rest_.empty() || static_cast<unsigned char>(rest_[0]) != kCborBreak) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view rest_;
  std::forward_list<std::string> joined_;  // strings that came in pieces
};

}  // namespace sluice::kinesis
