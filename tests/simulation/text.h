// Small things that are read from texts.
#pragma once

#include <string_view>

namespace sluice::simulation {

// What stands between the two for the first time; to the end where `after` does not come.
inline std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t start = text.find(before);
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start + before.size());
  return text.substr(0, text.find(after));
}

}  // namespace sluice::simulation
