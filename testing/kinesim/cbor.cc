#include "kinesim/cbor.h"

#include <bit>

namespace kinesim {
namespace {
constexpr int kDeepestCbor = 64;
}

bool CborReader::head(Head& out) {
  if (rest_.empty()) return false;
  const auto first = static_cast<unsigned char>(rest_[0]);
  rest_.remove_prefix(1);
  out.major = static_cast<Major>(first >> 5);
  out.indefinite = false;
  const unsigned info = first & 31;
  if (info < 24) {
    out.value = info;
    return true;
  }
  if (info == 31) {
    out.indefinite = true;
    out.value = 0;
    return out.major == Major::bytes || out.major == Major::text || out.major == Major::array ||
           out.major == Major::map;
  }
  if (info > 27) return false;
  const std::size_t size = std::size_t{1} << (info - 24);
  if (rest_.size() < size) return false;
  out.value = 0;
  for (std::size_t i = 0; i < size; ++i) out.value = (out.value << 8) | static_cast<unsigned char>(rest_[i]);
  rest_.remove_prefix(size);
  return true;
}

bool CborReader::take_break() {
  if (rest_.empty() || static_cast<unsigned char>(rest_[0]) != 0xFF) return false;
  rest_.remove_prefix(1);
  return true;
}

bool CborReader::take_null() {
  if (rest_.empty()) return false;
  const auto first = static_cast<unsigned char>(rest_[0]);
  if (first != 0xF6 && first != 0xF7) return false;
  rest_.remove_prefix(1);
  return true;
}

bool CborReader::string(std::string_view& out, std::string& joined) {
  Head item{};
  if (!head(item) || (item.major != Major::bytes && item.major != Major::text)) return false;
  if (!item.indefinite) {
    if (item.value > rest_.size()) return false;
    out = rest_.substr(0, static_cast<std::size_t>(item.value));
    rest_.remove_prefix(out.size());
    return true;
  }
  joined.clear();
  while (!take_break()) {
    Head piece{};
    if (!head(piece) || piece.major != item.major || piece.indefinite || piece.value > rest_.size()) return false;
    joined.append(rest_.substr(0, static_cast<std::size_t>(piece.value)));
    rest_.remove_prefix(static_cast<std::size_t>(piece.value));
  }
  out = joined;
  return true;
}

bool CborReader::skip(int depth) {
  if (depth > kDeepestCbor || rest_.empty()) return false;
  const auto major = static_cast<Major>(static_cast<unsigned char>(rest_[0]) >> 5);
  if (major == Major::bytes || major == Major::text) {
    std::string_view ignored;
    std::string joined;
    return string(ignored, joined);
  }
  Head item{};
  if (!head(item)) return false;
  if (major == Major::tag) return skip(depth + 1);
  if (major != Major::array && major != Major::map) return true;
  const std::uint64_t per_entry = major == Major::map ? 2 : 1;
  for (std::uint64_t i = 0; item.indefinite ? !take_break() : i < item.value; ++i)
    for (std::uint64_t part = 0; part < per_entry; ++part)
      if (!skip(depth + 1)) return false;
  return true;
}

void CborWriter::head(unsigned major, std::uint64_t value) {
  const unsigned top = major << 5;
  const auto put = [&](unsigned byte) { out_ += static_cast<char>(byte); };
  if (value < 24) return put(top | static_cast<unsigned>(value));
  const unsigned size = value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8;
  put(top | (size == 1 ? 24u : size == 2 ? 25u : size == 4 ? 26u : 27u));
  for (unsigned i = size; i > 0; --i) put(static_cast<unsigned>(value >> (8 * (i - 1))) & 255u);
}

void CborWriter::text(std::string_view text) {
  head(3, text.size());
  out_.append(text);
}

void CborWriter::bytes(std::string_view bytes) {
  head(2, bytes.size());
  out_.append(bytes);
}

void CborWriter::number(std::int64_t number) {
  if (number >= 0)
    head(0, static_cast<std::uint64_t>(number));
  else
    head(1, ~static_cast<std::uint64_t>(number));
}

void CborWriter::floating(double number) {
  out_ += static_cast<char>(0xFB);
  const auto bits = std::bit_cast<std::uint64_t>(number);
  for (int shift = 56; shift >= 0; shift -= 8) out_ += static_cast<char>((bits >> shift) & 255);
}

void CborWriter::time_ms(std::int64_t wall_ms) {
  head(6, 1);
  number(wall_ms);
}

}  // namespace kinesim
