// sluice import, export and backup: the catalog of a running server as a configuration file, and back.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace sluice::cli {

void add_catalog_commands(CLI::App& app, std::function<int()>& chosen);

}  // namespace sluice::cli
