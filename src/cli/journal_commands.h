// sluice journal verify, stats and dump: read the journal on disk directly, also when the server is stopped or broken.
// Read-only; beside a running server they see what was durable at that moment.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace sluice::cli {

void add_journal_commands(CLI::App& app, std::function<int()>& chosen);

}  // namespace sluice::cli
