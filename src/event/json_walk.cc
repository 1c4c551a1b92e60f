#include "event/json_walk.h"

#include <algorithm>
#include <cstring>

#include "event/json_scalar.h"

namespace sluice {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

std::string_view JsonWalk::text(std::uint32_t first, std::uint32_t after) const {
  const std::size_t begin = index_.offset(first);
  std::size_t end = after < index_.size() ? index_.offset(after) : index_.text().size();
  while (is_space(index_.text()[end - 1])) --end;
  return {index_.text().data() + begin, end - begin};
}

std::string_view JsonWalk::text(std::uint32_t token) const { return text(token, token + 1); }

std::string_view JsonWalk::inside(std::uint32_t string_token) const {
  const std::string_view quoted = text(string_token);
  return quoted.substr(1, quoted.size() - 2);
}

bool JsonWalk::check_string(std::uint32_t token) {
  // Control characters and a missing end were found when the text was indexed; escapes are left to check. Most texts
  // have none, so the search for the next backslash runs ahead over the whole text, once.
  const std::string_view quoted = text(token);
  if (quoted.size() < 2 || quoted.back() != '"') return false;
  const std::string_view content = quoted.substr(1, quoted.size() - 2);
  const std::string_view whole = index_.text();
  const auto begin = static_cast<std::size_t>(content.data() - whole.data());
  if (!backslash_known_ || next_backslash_ < begin) {
    const void* found = std::memchr(whole.data() + begin, '\\', whole.size() - begin);
    next_backslash_ = found ? static_cast<std::size_t>(static_cast<const char*>(found) - whole.data()) : whole.size();
    backslash_known_ = true;
  }
  return next_backslash_ >= begin + content.size() || json_escapes_valid(content);
}

bool JsonWalk::check_scalar(std::uint32_t token) {
  const char first = at(token);
  if (first == '"') return check_string(token);
  if (first == '\0') return false;
  return json_bare_scalar_valid(text(token));
}

bool JsonWalk::check_name(std::uint32_t token) {
  return at(token) == '"' && at(token + 1) == ':' && check_string(token);
}

std::uint32_t JsonWalk::check_value(std::uint32_t token) {
  depth_ = 0;
  open_.clear();
  for (;;) {
    const char first = at(token);
    if (first == '{' || first == '[') {
      open_.push_back(first == '{' ? '}' : ']');
      depth_ = std::max(depth_, open_.size());
      if (at(++token) != open_.back()) {
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
    while (!open_.empty() && at(token) == open_.back()) {
      open_.pop_back();
      ++token;
    }
    if (open_.empty()) return token;
    if (at(token) != ',') return kInvalid;
    ++token;
    if (open_.back() == '}') {
      if (!check_name(token)) return kInvalid;
      token += 2;
    }
  }
}

std::uint32_t JsonWalk::skip_checked(std::uint32_t token) const {
  std::size_t open = 0;
  do {
    const char first = at(token++);
    if (first == '{' || first == '[') ++open;
    if (first == '}' || first == ']') --open;
  } while (open > 0);
  return token;
}

void JsonWalk::members_of_checked(std::uint32_t token, std::vector<JsonMember>& members) const {
  members.clear();
  ++token;
  while (at(token) == '"') {
    const std::uint32_t after = skip_checked(token + 2);
    members.push_back({token, token + 2, after});
    token = after + 1;
    if (at(after) == '}') return;
  }
}

}  // namespace sluice
