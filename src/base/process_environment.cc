#include "base/process_environment.h"

#include <cstdlib>

namespace sluice {

ProcessEnvironment process_environment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string(value);
  };
}

ProcessEnvironment empty_environment() {
  return [](const char*) -> std::optional<std::string> { return std::nullopt; };
}

}  // namespace sluice
