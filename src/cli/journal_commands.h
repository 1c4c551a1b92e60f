// sluice journal verify, stats and dump: looks at the journal on disk itself, also of a server that is stopped or
// broken. Reads only; beside a running server it sees what was durable when it looked.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace sluice::cli {

void add_journal_commands(CLI::App& app, std::function<int()>& chosen);

}  // namespace sluice::cli
