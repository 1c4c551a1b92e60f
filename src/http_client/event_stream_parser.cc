#include "http_client/event_stream_parser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace sluice::http_client {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kNoMark = SIZE_MAX;
constexpr std::size_t kLongestName = 5;  // of those that mean something

// Where a byte is next, as a text is gone through once: looked for again only after it was passed, since a text of
// carriage returns alone would otherwise be searched for line feeds to its end for each line.
class NextByte {
 public:
  NextByte(std::string_view text, char byte) : text_(text), byte_(byte) {}
  std::size_t from(std::size_t at) {
    if (!known_ || at_ < at) at_ = std::min(text_.find(byte_, at), text_.size());
    known_ = true;
    return at_;
  }

 private:
  const std::string_view text_;
  const char byte_;
  bool known_ = false;
  std::size_t at_ = 0;
};

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::int64_t number_or_largest(std::string_view digits) {
  std::int64_t number = 0;
  for (const char digit : digits) {
    if (number > (INT64_MAX - 9) / 10) return INT64_MAX;
    number = number * 10 + (digit - '0');
  }
  return number;
}

}  // namespace

EventStreamParser::EventStreamParser(std::string last_event_id, std::size_t max_data_bytes)
    : max_data_bytes_(max_data_bytes), last_event_id_(std::move(last_event_id)), id_(last_event_id_) {}

Result<void> EventStreamParser::feed(std::string_view chunk,
                                     const std::function<Result<void>(ServerSentEvent)>& on_event) {
  if (mark_bytes_ != kNoMark) {
    const std::size_t before = mark_bytes_;
    const std::string_view rest = without_byte_order_mark(chunk);
    if (mark_bytes_ != kNoMark) return {};            // it may still come
    if (rest.size() == chunk.size() && before > 0) {  // what looked like its beginning is text
      if (auto taken = take_text(kByteOrderMark.substr(0, before)); !taken) return taken;
    }
    chunk = rest;
  }
  return take_lines(chunk, on_event);
}

// Sets mark_bytes_. The chunk as it is, if no mark ends in it.
std::string_view EventStreamParser::without_byte_order_mark(std::string_view chunk) {
  const std::string_view expected = kByteOrderMark.substr(mark_bytes_);
  const std::string_view begin = chunk.substr(0, expected.size());
  if (!expected.starts_with(begin)) {
    mark_bytes_ = kNoMark;
    return chunk;
  }
  mark_bytes_ = begin.size() == expected.size() ? kNoMark : mark_bytes_ + begin.size();
  return chunk.substr(begin.size());
}

Result<void> EventStreamParser::take_lines(std::string_view text,
                                           const std::function<Result<void>(ServerSentEvent)>& on_event) {
  NextByte line_feed(text, '\n'), carriage_return(text, '\r');
  for (std::size_t at = 0; at < text.size();) {
    if (std::exchange(skips_line_feed_, false) && text[at] == '\n') {
      ++at;
      continue;
    }
    const std::size_t end = std::min(line_feed.from(at), carriage_return.from(at));
    if (auto taken = take_text(text.substr(at, end - at)); !taken) return taken;
    if (end == text.size()) return {};
    if (auto ended = end_line(on_event); !ended) return ended;
    skips_line_feed_ = text[end] == '\r';
    at = end + 1;
  }
  return {};
}

// Of one line, without its end.
Result<void> EventStreamParser::take_text(std::string_view text) {
  if (part_ == Part::name) {
    const std::size_t colon = text.find(':');
    name_ += text.substr(0, std::min(colon, kLongestName + 1 - std::min(name_.size(), kLongestName + 1)));
    if (colon == std::string_view::npos) return {};
    begin_value();
    part_ = Part::space;
    text.remove_prefix(colon + 1);
  }
  if (text.empty()) return {};
  if (part_ == Part::space) {
    part_ = Part::value;
    if (text.front() == ' ') text.remove_prefix(1);
  }
  return take_value(text);
}

void EventStreamParser::begin_value() {
  has_lines_ = has_lines_ || !name_.empty();
  field_ = name_ == "data"    ? Field::data
           : name_ == "event" ? Field::event
           : name_ == "id"    ? Field::id
           : name_ == "retry" ? Field::retry
                              : Field::ignored;
}

Result<void> EventStreamParser::take_value(std::string_view text) {
  if (field_ == Field::ignored) return {};
  if (field_ == Field::data) {
    // The line's end counts as well, so that lines without anything are no way around the limit.
    if (data_.size() + text.size() >= max_data_bytes_)
      return fail("An event of the stream has more than " + human_bytes(max_data_bytes_) + " of data.");
    data_ += text;
    return {};
  }
  if (value_.size() + text.size() > kMaxEventFieldBytes)
    return fail("A line \"" + name_ + "\" of the stream has a value of more than " + human_bytes(kMaxEventFieldBytes) +
                ".");
  value_ += text;
  return {};
}

Result<void> EventStreamParser::end_line(const std::function<Result<void>(ServerSentEvent)>& on_event) {
  if (part_ == Part::name) {
    if (name_.empty()) return dispatch(on_event);
    begin_value();  // a field without a colon has an empty value
  }
  Result<void> taken;
  switch (field_) {
    case Field::data:
      taken = take_value("");  // room for the line's end
      data_ += '\n';
      break;
    case Field::event:
      type_ = value_;
      break;
    case Field::id:
      if (value_.find('\0') == std::string::npos) id_ = value_;
      break;
    case Field::retry:
      if (is_digits(value_)) retry_ms_ = number_or_largest(value_);
      break;
    case Field::ignored:
      break;
  }
  part_ = Part::name;
  name_.clear();
  value_.clear();
  return taken;
}

Result<void> EventStreamParser::dispatch(const std::function<Result<void>(ServerSentEvent)>& on_event) {
  has_lines_ = false;
  last_event_id_ = id_;
  std::string type = std::exchange(type_, {});
  if (data_.empty()) return {};
  data_.pop_back();
  return on_event({type.empty() ? "message" : std::move(type), std::exchange(data_, {}), last_event_id_});
}

}  // namespace sluice::http_client
