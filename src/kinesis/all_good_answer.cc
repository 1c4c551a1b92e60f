#include "kinesis/all_good_answer.h"

#include <cstring>

namespace sluice::kinesis {
namespace {

// Walks the bytes from left to right. Every step that does not find what it wants makes the whole reading fail.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool take(char wanted) {
    skip_space();
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }
  // Of printable ASCII without escapes.
  bool take_string(std::string_view& text) {
    if (!take('"')) return false;
    const auto* quote = static_cast<const char*>(std::memchr(at_, '"', static_cast<std::size_t>(end_ - at_)));
    if (quote == nullptr) return false;
    text = {at_, static_cast<std::size_t>(quote - at_)};
    bool plain = true;
    for (const char c : text) plain &= c >= ' ' && c != '\\';
    at_ = quote + 1;
    return plain;
  }
  bool take_name(std::string_view& name) { return take_string(name) && take(':'); }
  bool take_zero() { return take('0') && at_ != end_ && (*at_ == ',' || *at_ == '}' || is_space(*at_)); }
  bool at_end() {
    skip_space();
    return at_ == end_;
  }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
  void skip_space() {
    while (at_ != end_ && is_space(*at_)) ++at_;
  }
  const char* at_;
  const char* const end_;
};

bool take_record(Cursor& cursor, RecordAnswer& record) {
  std::string_view name, sequence_number;
  if (!cursor.take('{')) return false;
  do {
    std::string_view text;
    if (!cursor.take_name(name) || !cursor.take_string(text)) return false;
    if (name == "SequenceNumber") {
      sequence_number = text;
    } else if (name == "ShardId") {
      record.shard_id = text;
    } else {
      return false;
    }
  } while (cursor.take(','));
  record.delivered = !sequence_number.empty();
  return cursor.take('}') && record.delivered;
}

bool take_records(Cursor& cursor, std::vector<RecordAnswer>& records) {
  if (!cursor.take('[')) return false;
  do {
    if (!take_record(cursor, records.emplace_back())) return false;
  } while (cursor.take(','));
  return cursor.take(']');
}

}  // namespace

bool read_all_good_answer(std::string_view body, std::vector<RecordAnswer>& records) {
  Cursor cursor(body);
  bool none_failed = false;
  std::string_view name, text;
  if (!cursor.take('{')) return false;
  do {
    if (!cursor.take_name(name)) return false;
    if (name == "FailedRecordCount") {
      none_failed = cursor.take_zero();
      if (!none_failed) return false;
    } else if (name == "Records") {
      if (!records.empty() || !take_records(cursor, records)) return false;
    } else if (!cursor.take_string(text)) {
      return false;
    }
  } while (cursor.take(','));
  return none_failed && cursor.take('}') && cursor.at_end();
}

}  // namespace sluice::kinesis
