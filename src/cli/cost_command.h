// sluice cost: what a stream costs a month. It asks no server: the arithmetic is in the program.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace sluice::cli {

// The answer of api/cost_answer.h for people, kTerminalColumns wide.
std::string cost_text(const nlohmann::ordered_json& answer);

void add_cost_command(CLI::App& app, std::function<int()>& chosen);

}  // namespace sluice::cli
