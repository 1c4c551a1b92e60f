#include "api/rest_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <vector>

#include "base/text.h"

namespace sluice::api {
namespace {

using nlohmann::json;

constexpr std::size_t kShownReason = 300;  // bytes: it quotes what was sent

// Of text that may be no JSON at all: brackets outside strings are what counts.
std::size_t depth_of(std::string_view text) {
  std::size_t depth = 0, deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

// Notes the first member that an object has twice, as it is read.
class MemberWatch {
 public:
  bool operator()(int /*depth*/, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) open_.emplace_back();
    if (event == json::parse_event_t::object_end) open_.pop_back();
    if (event == json::parse_event_t::key && !open_.back().insert(value.get_ref<const std::string&>()).second &&
        twice.empty())
      twice = value.dump(-1, ' ', false, json::error_handler_t::replace);
    return true;
  }

  std::string twice;  // as JSON

 private:
  std::vector<std::set<std::string>> open_;
};

bool looks_like_toml(std::string_view text) {
  const std::size_t list = text.find("[[");
  return list != std::string_view::npos && list + 2 < text.size() && text[list + 2] >= 'a' && text[list + 2] <= 'z';
}

}  // namespace

std::string plain_reason(const json::exception& error) {
  // "[json.exception.parse_error.101] parse error at line 1, column 6: syntax error while parsing value - REASON"
  constexpr std::string_view kParseError = "parse error at ", kSyntaxError = "syntax error while parsing ";
  std::string reason = error.what();
  if (const std::size_t name = reason.find("] "); name != std::string::npos) reason.erase(0, name + 2);
  if (reason.starts_with(kParseError)) reason.erase(0, kParseError.size());
  const std::size_t what = reason.find(kSyntaxError), dash = reason.find(" - ", what);
  if (what != std::string::npos && dash != std::string::npos) reason.erase(what, dash + 3 - what);
  return shown_words(reason, kShownReason);
}

RestResult<json> parsed_body(std::string_view text) {
  if (const std::size_t depth = depth_of(text); depth > kMaxBodyDepth)
    return invalid(fmt::format("The body has {} objects and lists inside one another; expected {} at most.", depth,
                               kMaxBodyDepth));
  MemberWatch watch;
  try {
    json body = json::parse(text, std::ref(watch));
    if (watch.twice.empty()) return body;
  } catch (const json::exception& error) {
    if (looks_like_toml(text))
      return invalid(
          "The body is not valid JSON, it looks like a configuration file (TOML): sluice import FILE sends it.");
    return invalid(fmt::format("The body is not valid JSON: {}.", plain_reason(error)));
  }
  return invalid(fmt::format("The member {} is there twice in one object of the body; remove one of the two.",
                             shown_words(watch.twice, kShownReason)));
}

}  // namespace sluice::api
