#include "destinations/kinesis/cbor_reader.h"

#include "base/utf8.h"

namespace sluice::kinesis {
namespace {

constexpr unsigned kInfoIndefinite = 31;
constexpr unsigned kInfoLargestNumber = 27;  // eight bytes follow
// https://www.rfc-editor.org/rfc/rfc8949#section-3.4.6
constexpr std::string_view kSelfDescribed = "\xD9\xD9\xF7";
constexpr std::uint64_t kNull = 22, kUndefined = 23;

bool is_string(CborMajor major) { return major == CborMajor::text || major == CborMajor::bytes; }
bool is_container(CborMajor major) { return major == CborMajor::array || major == CborMajor::map; }

}  // namespace

bool looks_like_cbor(std::string_view body) {
  if (body.starts_with(kSelfDescribed)) body.remove_prefix(kSelfDescribed.size());
  return !body.empty() && static_cast<CborMajor>(static_cast<unsigned char>(body[0]) >> 5) == CborMajor::map;
}

void CborReader::begin(std::string_view bytes) {
  rest_ = bytes;
  joined_.clear();
}

bool CborReader::take(std::uint64_t bytes, std::string_view& out) {
  if (bytes > rest_.size()) return false;
  out = rest_.substr(0, static_cast<std::size_t>(bytes));
  rest_.remove_prefix(out.size());
  return true;
}

bool CborReader::read_head(Head& head) {
  std::string_view first;
  if (!take(1, first)) return false;
  const auto byte = static_cast<unsigned char>(first[0]);
  const unsigned info = byte & 31;
  head.major = static_cast<CborMajor>(byte >> 5);
  head.indefinite = info == kInfoIndefinite;
  head.number = info;
  if (info < 24) return true;
  if (head.indefinite) return is_string(head.major) || is_container(head.major);  // not a break: nobody expects one
  if (info > kInfoLargestNumber) return false;
  std::string_view digits;
  if (!take(std::uint64_t{1} << (info - 24), digits)) return false;
  head.number = 0;
  for (const char digit : digits) head.number = head.number << 8 | static_cast<unsigned char>(digit);
  return true;
}

bool CborReader::read_head_behind_tags(Head& head) {
  do {
    if (!read_head(head)) return false;
  } while (head.major == CborMajor::tag);
  return true;
}

bool CborReader::enter(CborMajor major, Container& container) {
  Head head;
  if (!read_head_behind_tags(head) || head.major != major) return false;
  container = {head.number, head.indefinite, false};
  return true;
}

bool CborReader::read_string_behind(const Head& head, std::string_view& out) {
  if (!head.indefinite) return take(head.number, out);
  std::string* joined = nullptr;
  out = {};
  while (!take_break()) {
    Head piece_head;
    std::string_view piece;
    if (!read_head(piece_head) || piece_head.major != head.major || piece_head.indefinite ||
        !take(piece_head.number, piece))
      return false;
    if (piece.empty()) continue;
    if (out.empty()) {
      out = piece;
      continue;
    }
    if (joined == nullptr) joined = &joined_.emplace_front(out);
    joined->append(piece);
    out = *joined;
  }
  return true;
}

bool CborReader::read_any_string(CborMajor major, std::string_view& out) {
  Head head;
  return read_head_behind_tags(head) && head.major == major && read_string_behind(head, out);
}

bool CborReader::read_text_or_skip(std::string_view& out, bool& is_null) {
  is_null = false;
  if (take_short_string(CborMajor::text, out)) return is_utf8(out);
  const std::string_view before = rest_;
  out = {};
  Head head;
  if (!read_head_behind_tags(head)) return false;
  if (head.major == CborMajor::text) return read_string_behind(head, out) && is_utf8(out);
  if (head.major == CborMajor::simple) {
    is_null = head.number == kNull || head.number == kUndefined;
    return true;
  }
  rest_ = before;
  return skip();
}

bool CborReader::skip_at(int depth) {
  if (depth > kMaxCborDepth) return false;
  Head head;
  if (!read_head_behind_tags(head)) return false;
  if (is_string(head.major)) {
    if (!head.indefinite) {
      std::string_view ignored;
      return take(head.number, ignored);
    }
    while (!take_break()) {
      Head piece;
      std::string_view ignored;
      if (!read_head(piece) || piece.major != head.major || piece.indefinite || !take(piece.number, ignored))
        return false;
    }
    return true;
  }
  if (!is_container(head.major)) return true;
  Container container{head.number, head.indefinite, false};
  while (has_next(container)) {
    if (head.major == CborMajor::map && !skip_at(depth + 1)) return false;
    if (!skip_at(depth + 1)) return false;
  }
  return !container.broken;
}

}  // namespace sluice::kinesis
