// What a reader of server-sent events has to know of the bytes that come: where the answer's head and its chunks end,
// and how many events are complete. It keeps none of them, so that ten thousand readers cost next to nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace loadgen {

class StreamReader {
 public:
  // The next bytes of the connection. False: they are no answer of HTTP/1.1.
  bool take(std::string_view bytes);

  // 0: the head is not complete.
  unsigned status() const { return status_; }
  std::uint64_t events() const { return events_; }
  // The answer has ended in order.
  bool ended() const { return place_ == Place::ended; }

 private:
  enum class Place : std::uint8_t { status_line, headers, chunk_size, chunk, chunk_end, whole, ended };

  bool take_line_of_head(std::string_view line);
  void take_text(std::string_view text);

  static constexpr std::size_t kMaxLineBytes = 200;  // what is kept of a line of the head

  std::uint64_t events_ = 0, chunk_left_ = 0;
  unsigned status_ = 0;
  Place place_ = Place::status_line;
  bool chunked_ = false, any_in_event_ = false, at_line_start_ = true;
  std::uint8_t line_size_ = 0;
  char line_[kMaxLineBytes];
};

}  // namespace loadgen
