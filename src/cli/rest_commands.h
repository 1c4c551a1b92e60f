// The subcommands that manage a running server over its REST API: one table row each (rest_commands.cc).
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace sluice::cli {

// Exit status of these subcommands beside 0 and 2 (wrong command line).
inline constexpr int kRefused = 1;      // the server said no, or a test event was not delivered
inline constexpr int kUnreachable = 3;  // there was no answer

// Adds them to `app`. If one of them is given, `chosen` runs it and returns the exit status.
void add_rest_commands(CLI::App& app, std::function<int()>& chosen);

}  // namespace sluice::cli
