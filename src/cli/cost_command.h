// sluice cost: what a destination costs a month. It asks no server: the arithmetic is in the program.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "destinations/cost_calculator.h"

namespace sluice::cli {

// An answer for people, kTerminalColumns wide.
std::string cost_text(destinations::CostTable table);

void add_cost_command(CLI::App& app, std::function<int()>& chosen);

}  // namespace sluice::cli
