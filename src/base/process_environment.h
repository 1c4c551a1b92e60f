// The process environment as a value that is handed over, so that a test needs not set variables.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace sluice {

// The value of a variable, without spaces and line ends around it; nothing when it is unset or has nothing else (AWS's
// own tools treat an empty one alike). Any thread.
using ProcessEnvironment = std::function<std::optional<std::string>(const char* name)>;

// What a ProcessEnvironment gives for what getenv() returned.
std::optional<std::string> value_of_variable(const char* raw);
// getenv(). Nobody may call setenv() while the process runs.
ProcessEnvironment process_environment();
// An environment without variables.
ProcessEnvironment empty_environment();

}  // namespace sluice
