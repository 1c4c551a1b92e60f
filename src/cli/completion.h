// sluice completion: a script that lets a shell complete subcommands and flags.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace sluice::cli {

// Of all that `app` has when the command runs; `app` outlives it.
void add_completion_command(CLI::App& app, std::function<int()>& chosen);

}  // namespace sluice::cli
