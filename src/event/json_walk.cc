#include "event/json_walk.h"

#include <algorithm>
#include <cstring>

#include "event/json_scalar.h"

namespace sluice::event {

void JsonWalk::start(const JsonIndex& index) {
  text_ = index.text().data();
  offsets_ = index.offsets();
  size_ = index.size();
  compact_ = !index.has_whitespace();
  next_backslash_ = std::min(index.text().find('\\'), index.text().size());
  has_backslash_ = next_backslash_ < index.text().size();
}

const char* JsonWalk::without_space(const char* end) const {
  while (end[-1] == ' ' || end[-1] == '\n' || end[-1] == '\r' || end[-1] == '\t') --end;
  return end;
}

bool JsonWalk::check_string_near_backslash(std::uint32_t token) {
  const std::string_view quoted = text(token);
  if (quoted.size() < 2 || quoted.back() != '"') return false;
  const std::size_t begin = offsets_[token];
  const std::size_t end = begin + quoted.size();
  if (next_backslash_ < begin) {
    const std::size_t text_size = offsets_[size_];
    const void* found = std::memchr(text_ + begin, '\\', text_size - begin);
    next_backslash_ = found ? static_cast<std::size_t>(static_cast<const char*>(found) - text_) : text_size;
  }
  escape_in_last_string_ = next_backslash_ < end;
  return !escape_in_last_string_ || json_escapes_valid(quoted.substr(1, quoted.size() - 2));
}

bool JsonWalk::check_scalar(std::uint32_t token) {
  const char first = at(token);
  if (first == '"') return check_string(token);
  if (first == '\0') return false;
  const std::string_view scalar = text(token);
  // Most numbers are short and whole.
  if (first >= '1' && first <= '9' &&
      std::all_of(scalar.begin(), scalar.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return true;
  return json_bare_scalar_valid(scalar);
}

void JsonWalk::make_room(std::size_t depth) {
  constexpr std::size_t kFirstRoom = 512;
  open_.resize(std::max(kFirstRoom, 2 * depth));
}

std::uint32_t JsonWalk::check_container(std::uint32_t token) {
  std::size_t depth = 0;
  for (;;) {
    const char first = at(token);
    if (first == '{' || first == '[') {
      const char closing = first == '{' ? '}' : ']';
      open(depth++, closing);
      depth_ = std::max(depth_, depth);
      if (at(++token) != closing) {
        if (first == '[') continue;
        if (!check_name(token)) return kInvalid;
        token += 2;
        continue;
      }
    } else {
      if (!check_scalar(token)) return kInvalid;
      ++token;
    }
    // After a value, or at the end of an empty container: step out of all that end here.
    while (at(token) == open_[depth - 1]) {
      ++token;
      if (--depth == 0) return token;
    }
    if (at(token) != ',') return kInvalid;
    ++token;
    if (open_[depth - 1] == '}') {
      if (!check_name(token)) return kInvalid;
      token += 2;
    }
  }
}

bool JsonWalk::unescapes_to(std::string_view inside, std::string_view text) {
  return inside.find('\\') != std::string_view::npos && json_unescaped(inside) == text;
}

std::uint32_t JsonWalk::skip_container(std::uint32_t token) const {
  std::size_t depth = 0;
  do {
    const char first = at(token++);
    if (first == '{' || first == '[') ++depth;
    if (first == '}' || first == ']') --depth;
  } while (depth > 0);
  return token;
}

std::optional<std::uint32_t> JsonWalk::find_in_checked(std::uint32_t token, std::string_view name) const {
  if (at(token) != '{') return std::nullopt;
  std::optional<std::uint32_t> found;
  // What follows a value is a comma, and then a name, or the end of the object, behind which no string can start.
  for (++token; at(token) == '"'; ++token) {
    if (stands_for(token, name)) found = token + 2;
    token = skip_checked(token + 2);
  }
  return found;
}

}  // namespace sluice::event
