// The process environment as a value that is handed over, so that a test needs not set variables.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace sluice {

// The value of a variable; nothing when it is unset or empty (AWS's own tools treat both alike). Any thread.
using ProcessEnvironment = std::function<std::optional<std::string>(const char* name)>;

// getenv(). Nobody may call setenv() while the process runs.
ProcessEnvironment process_environment();
// An environment without variables.
ProcessEnvironment empty_environment();

}  // namespace sluice
