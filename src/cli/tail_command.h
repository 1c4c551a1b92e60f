// sluice tail: follows what an environment receives, or what a destination delivers.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace sluice::cli {

void add_tail_command(CLI::App& app, std::function<int()>& chosen);

}  // namespace sluice::cli
