#include "loadgen/stream_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/text.h"

namespace loadgen {

bool StreamReader::take(std::string_view bytes) {
  while (!bytes.empty()) {
    switch (place_) {
      case Place::status_line:
      case Place::headers:
      case Place::chunk_size:
      case Place::chunk_end: {
        const std::size_t end = bytes.find('\n');
        const std::string_view part = bytes.substr(0, end);
        const std::size_t kept = std::min(part.size(), kMaxLineBytes - line_size_);
        std::memcpy(line_ + line_size_, part.data(), kept);
        line_size_ = static_cast<std::uint8_t>(line_size_ + kept);
        if (end == bytes.npos) return true;
        bytes.remove_prefix(end + 1);
        std::string_view line(line_, line_size_);
        line_size_ = 0;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!take_line_of_head(line)) return false;
        break;
      }
      case Place::chunk: {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, bytes.size()));
        take_text(bytes.substr(0, size));
        bytes.remove_prefix(size);
        chunk_left_ -= size;
        if (chunk_left_ == 0) place_ = Place::chunk_end;
        break;
      }
      case Place::whole:
        take_text(bytes);
        return true;
      case Place::ended:
        return true;
    }
  }
  return true;
}

// One line of what is around the text: of the head, or between chunks.
bool StreamReader::take_line_of_head(std::string_view line) {
  if (place_ == Place::status_line) {
    if (line.size() < 12 || !line.starts_with("HTTP/1.1 ")) return false;
    if (std::from_chars(line.data() + 9, line.data() + 12, status_).ec != std::errc{}) return false;
    place_ = Place::headers;
  } else if (place_ == Place::headers) {
    if (sluice::lower(line).starts_with("transfer-encoding: chunked")) chunked_ = true;
    if (line.empty()) place_ = chunked_ ? Place::chunk_size : Place::whole;
  } else if (place_ == Place::chunk_end) {
    place_ = Place::chunk_size;
    return line.empty();
  } else {
    if (std::from_chars(line.data(), line.data() + line.size(), chunk_left_, 16).ec != std::errc{}) return false;
    place_ = chunk_left_ == 0 ? Place::ended : Place::chunk;
  }
  return true;
}

// Lines end with "\n", an event with an empty one. Comments alone are no event.
void StreamReader::take_text(std::string_view text) {
  while (!text.empty()) {
    if (at_line_start_) {
      if (text.front() == '\n') {
        if (any_in_event_) ++events_;
        any_in_event_ = false;
        text.remove_prefix(1);
        continue;
      }
      if (text.front() != ':') any_in_event_ = true;
      at_line_start_ = false;
    }
    const std::size_t end = text.find('\n');
    if (end == text.npos) return;
    at_line_start_ = true;
    text.remove_prefix(end + 1);
  }
}

}  // namespace loadgen
