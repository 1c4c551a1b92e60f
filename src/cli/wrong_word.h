// A command line that names no command, or an option that a command does not have: the wrong word, the nearest right
// one, and all that are right. The parser itself says only that a subcommand is required.
#pragma once

#include <optional>
#include <span>
#include <string>

#include <CLI/CLI.hpp>

namespace sluice::cli {

// `words`: without the program's name. Nothing: the parser may have it.
std::optional<std::string> wrong_word(const CLI::App& app, std::span<const char* const> words);

}  // namespace sluice::cli
