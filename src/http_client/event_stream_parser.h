// Reads text/event-stream (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream) as
// it arrives: chunks may end anywhere, also inside a line end, a byte order mark or a character.
//
// It differs from the standard in one thing: bytes that are no UTF-8 are passed on as they came, for what reads the
// data to judge, since a relay alters nothing.
//
// Linear in the bytes that come. Each byte of data is copied once, into the event that the receiver gets to keep.
// Memory: the event under way, whose string at worst holds three times its bytes while it grows (the old and the
// doubled one); nothing of comments and of unknown fields is kept, however long they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::http_client {

// Data of one event, its line ends included. LaunchDarkly sends all flags of an environment as one event; 50 MB is more
// than any has.
inline constexpr std::size_t kMaxEventDataBytes = 64u << 20;
// A value of `event`, `id` or `retry`. An id is sent back in a header, and servers take 8 KiB of those.
inline constexpr std::size_t kMaxEventFieldBytes = 4u << 10;

struct ServerSentEvent {
  std::string type;  // "message" unless the stream named another
  std::string data;  // its lines joined by \n
  std::string id;    // the last that the stream gave, maybe with an event before
  bool operator==(const ServerSentEvent&) const = default;
};

// One stream from its first byte on. One thread.
class EventStreamParser {
 public:
  // `last_event_id`: of the stream before this one.
  explicit EventStreamParser(std::string last_event_id = {}, std::size_t max_data_bytes = kMaxEventDataBytes);

  // Calls `on_event` for each event that is complete with this chunk. Its error ends the reading; so does something
  // larger than the limits, with an error that names the limit. The parser is of no use afterwards.
  Result<void> feed(std::string_view chunk, const std::function<Result<void>(ServerSentEvent)>& on_event);

  // What Last-Event-ID is to say after a reconnect: of the last block of lines that was complete.
  const std::string& last_event_id() const { return last_event_id_; }
  // The last valid `retry`, in milliseconds; a value that no 64 bits hold is the largest they do.
  std::optional<std::int64_t> retry_ms() const { return retry_ms_; }
  // Something of an event that is not complete has come: what ends here ends too early.
  bool is_inside_event() const { return part_ != Part::name || !name_.empty() || has_lines_; }
  // Data of an event that is not complete.
  std::size_t unfinished_data_bytes() const { return data_.size(); }

 private:
  enum class Part : std::uint8_t { name, space, value };
  enum class Field : std::uint8_t { data, event, id, retry, ignored };

  std::string_view without_byte_order_mark(std::string_view chunk);
  Result<void> take_lines(std::string_view text, const std::function<Result<void>(ServerSentEvent)>& on_event);
  Result<void> take_text(std::string_view text);
  void begin_value();
  Result<void> take_value(std::string_view text);
  Result<void> end_line(const std::function<Result<void>(ServerSentEvent)>& on_event);
  Result<void> dispatch(const std::function<Result<void>(ServerSentEvent)>& on_event);

  std::size_t max_data_bytes_;

  // Of the stream.
  std::size_t mark_bytes_ = 0;    // of the byte order mark that came; kNoMark: it is past or there is none
  bool skips_line_feed_ = false;  // the last byte was a carriage return
  std::string last_event_id_;
  std::optional<std::int64_t> retry_ms_;

  // Of the line.
  Part part_ = Part::name;
  Field field_ = Field::ignored;
  std::string name_;   // so far, no more than shows that it is none of ours
  std::string value_;  // of `event`, `id` and `retry`

  // Of the event.
  bool has_lines_ = false;  // that are no comments
  std::string type_, data_, id_;
};

}  // namespace sluice::http_client
