// How help is shown: within the columns of a terminal.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::cli {

// For an app without subcommands yet: each takes it from its parent.
void use_help_formatter(CLI::App& app);

}  // namespace sluice::cli
