#include "cli/wrong_word.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/edit_distance.h"
#include "base/text.h"

namespace sluice::cli {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* sub) { return !sub->get_name().empty(); });
}

std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands_of(app)) names.push_back(command->get_name());
  return names;
}

// Without those that are not in the help.
std::vector<std::string> names_of_options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options([](const CLI::Option* each) { return !each->get_group().empty(); }))
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::string list_of_words(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string suggestion(std::string_view wrong, const std::vector<std::string>& right) {
  const auto nearest =
      std::ranges::min_element(right, {}, [&](const std::string& word) { return edit_distance(wrong, word); });
  const std::size_t most = std::min<std::size_t>(3, (wrong.size() + 1) / 2);
  return nearest != right.end() && edit_distance(wrong, *nearest) <= most ? fmt::format(" Did you mean {}?", *nearest)
                                                                          : "";
}

std::string no_command(const std::string& path, std::string_view word, const CLI::App& app) {
  const std::vector<std::string> names = names_of_commands(app);
  const std::string said =
      word.empty() ? fmt::format("A command is missing after \"{}\".", path)
                   : fmt::format("\"{} {}\" is no command.{}", path, shown_value(word), suggestion(word, names));
  return fmt::format("{}\nExpected one of: {}.\nHelp: {} --help", said, list_of_words(names), path);
}

std::string no_option(const std::string& path, std::string_view word, const CLI::App& app) {
  const std::vector<std::string> names = names_of_options(app);
  return fmt::format("\"{}\" is no option of \"{}\".{}\nExpected one of: {}.\nHelp: {} --help", shown_value(word), path,
                     suggestion(word, names), list_of_words(names), path);
}

bool is_option(std::string_view word) { return word.size() > 2 && word.starts_with("--"); }

}  // namespace

std::optional<std::string> wrong_word(const CLI::App& app, std::span<const char* const> words) {
  const CLI::App* at = &app;
  std::string path = app.get_name();
  std::size_t i = 0;
  while (!commands_of(*at).empty()) {
    if (i == words.size()) return no_command(path, "", *at);
    const std::string word = words[i];
    if (word.starts_with('-')) {
      if (at->get_option_no_throw(word.substr(0, word.find('='))) != nullptr) return std::nullopt;  // --help
      return is_option(word) ? no_option(path, word, *at) : no_command(path, word, *at);
    }
    const std::vector<const CLI::App*> commands = commands_of(*at);
    const auto command = std::ranges::find_if(commands, [&](const CLI::App* each) { return each->get_name() == word; });
    if (command == commands.end()) return no_command(path, word, *at);
    at = *command;
    path += " " + word;
    ++i;
  }
  for (; i < words.size() && std::string_view(words[i]) != "--"; ++i) {
    const std::string word = words[i];
    if (!is_option(word)) continue;
    const std::size_t equals = word.find('=');
    const CLI::Option* option = at->get_option_no_throw(word.substr(0, equals));
    if (option == nullptr) return no_option(path, word.substr(0, equals), *at);
    if (option->get_items_expected_max() > 0 && equals == std::string::npos) ++i;  // its value
  }
  return std::nullopt;
}

}  // namespace sluice::cli
