#include "api/kept_members.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::api {
namespace {

using nlohmann::json;

bool is_tag(const json& tag) {
  if (!tag.is_string()) return false;
  const std::string& text = tag.get_ref<const std::string&>();
  return !text.empty() && text.size() <= kMaxTagBytes && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '.' || c == '_' || c == '-';
  });
}

RestResult<void> check_tags(const json& tags) {
  if (!tags.is_array()) return invalid(fmt::format("tags: This is {}; expected a list of texts.", tags.type_name()));
  if (tags.size() > kMaxTags)
    return invalid(fmt::format("tags: There are {}; expected {} at most. Leave some out.", tags.size(), kMaxTags));
  for (std::size_t i = 0; i < tags.size(); ++i)
    if (!is_tag(tags[i]))
      return invalid(
          fmt::format("tags[{}]: This is not a tag; expected a string of 1 to {} letters, digits, '.', '_' and '-'.", i,
                      kMaxTagBytes));
  return {};
}

bool same_type(const json& value, const json& shape) {
  return shape.is_number_integer() ? value.is_number_integer() && value >= 0 : value.type() == shape.type();
}

const char* expected_type(const json& shape) {
  if (shape.is_number_integer()) return "a whole number, 0 or more";
  if (shape.is_boolean()) return "true or false";
  return shape.is_string() ? "a text" : "an object";
}

}  // namespace

RestResult<void> check_kept(const json& body, const json& shape) {
  for (const auto& [name, inside] : shape.items()) {
    const auto found = body.find(name);
    if (found == body.end()) continue;
    if (name == "tags") {
      if (auto good = check_tags(*found); !good) return good;
      continue;
    }
    if (!same_type(*found, inside))
      return invalid(fmt::format("{}: This is {}; expected {}.", name, found->type_name(), expected_type(inside)));
    if (!inside.is_object()) continue;
    for (const auto& [member, value] : found->items())
      if (!inside.contains(member)) return invalid(fmt::format("{}.{}: Unknown member.", name, member));
    if (auto good = check_kept(*found, inside); !good) return invalid(fmt::format("{}.{}", name, good.error().message));
  }
  return {};
}

}  // namespace sluice::api
