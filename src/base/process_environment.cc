#include "base/process_environment.h"

#include <cstdlib>
#include <string_view>

namespace sluice {

std::optional<std::string> value_of_variable(const char* raw) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  if (raw == nullptr) return std::nullopt;
  const std::string_view value(raw);
  const std::size_t first = value.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return std::nullopt;
  return std::string(value.substr(first, value.find_last_not_of(kSpace) + 1 - first));
}

ProcessEnvironment process_environment() {
  return [](const char* name) { return value_of_variable(std::getenv(name)); };
}

ProcessEnvironment empty_environment() {
  return [](const char*) -> std::optional<std::string> { return std::nullopt; };
}

}  // namespace sluice
