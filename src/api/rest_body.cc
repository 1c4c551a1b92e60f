#include "api/rest_body.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::api {
namespace {

using nlohmann::json;

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

}  // namespace

RestResult<json> parsed_body(std::string_view text) {
  if (const std::size_t depth = depth_of(text); depth > kMaxBodyDepth)
    return invalid(fmt::format("The body has {} objects and lists inside one another; expected {} at most.", depth,
                               kMaxBodyDepth));
  json body = json::parse(text, nullptr, false);
  if (body.is_discarded()) return invalid("The body is not valid JSON.");
  return body;
}

}  // namespace sluice::api
