#include "api/newest_letters.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace sluice::api {
namespace {

constexpr std::uint64_t kLetterPieceBytes = 1u << 20;
// A long line's members before its record: the reason is the longest, a few KiB.
constexpr std::uint64_t kLetterHeadBytes = 64u << 10;
constexpr std::string_view kRecordMember = ",\"record\":";

storage::FileResult<std::string> read_bytes(const storage::File& file, std::uint64_t from, std::uint64_t size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  const auto read = file.read_at(from, bytes.data(), bytes.size());
  if (!read) return tl::unexpected(read.error());
  bytes.resize(*read);
  return bytes;
}

// One line without its end. Null: it is no letter.
storage::FileResult<RestJson> letter_at(const storage::File& file, std::uint64_t from, std::uint64_t size,
                                        std::uint64_t& room) {
  const bool shown = size <= std::min(kShownLetterBytes, room) || size <= kLetterHeadBytes;
  auto text = read_bytes(file, from, shown ? size : kLetterHeadBytes);
  if (!text) return tl::unexpected(text.error());
  std::uint64_t record_bytes = 0;
  if (!shown) {
    const std::size_t record = text->find(kRecordMember);
    if (record == std::string::npos) return RestJson();
    record_bytes = size - (record + kRecordMember.size()) - 1;
    text->resize(record + kRecordMember.size());
    *text += "null}";
  }
  RestJson letter = RestJson::parse(*text, nullptr, false);
  if (!letter.is_object()) return RestJson();
  if (!shown) letter["recordBytes"] = record_bytes;
  room -= shown ? std::min(size, room) : 0;
  return letter;
}

}  // namespace

storage::FileResult<NewestLetters> newest_letters(storage::FileSystem& files, const std::string& path,
                                                  std::size_t at_most, std::uint64_t& room) {
  NewestLetters newest;
  const auto file = files.open(path, false);
  if (!file && file.error().fault == storage::FileFault::not_found) return newest;
  const auto size = file ? (*file)->size() : tl::unexpected(file.error());
  if (!size) return tl::unexpected(size.error());
  newest.bytes = *size;
  const std::uint64_t least = *size - std::min(*size, kMostLetterBytes);
  newest.whole = least == 0;
  // From newline to newline, backwards; what a crash cut short behind the last one is no letter yet.
  std::uint64_t line_end = UINT64_MAX;
  const auto take = [&](std::uint64_t begin) -> storage::FileResult<void> {
    if (line_end == UINT64_MAX) return {};
    ++newest.lines;
    if (newest.letters.size() == at_most) return {};
    auto letter = letter_at(**file, begin, line_end - begin, room);
    if (!letter) return tl::unexpected(letter.error());
    if (!letter->is_null()) newest.letters.push_back(std::move(*letter));
    return {};
  };
  for (std::uint64_t at = *size; at > least;) {
    const std::uint64_t piece = std::min(kLetterPieceBytes, at - least);
    const auto bytes = read_bytes(**file, at - piece, piece);
    if (!bytes) return tl::unexpected(bytes.error());
    for (std::size_t i = bytes->size(); i-- > 0;) {
      if ((*bytes)[i] != '\n') continue;
      const std::uint64_t newline = at - piece + i;
      if (auto taken = take(newline + 1); !taken) return tl::unexpected(taken.error());
      line_end = newline;
    }
    at -= piece;
  }
  if (newest.whole)
    if (auto taken = take(0); !taken) return tl::unexpected(taken.error());
  return newest;
}

}  // namespace sluice::api
