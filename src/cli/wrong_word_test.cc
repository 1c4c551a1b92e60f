#include "cli/wrong_word.h"

#include <gtest/gtest.h>

#include <vector>

#include "cli/rest_commands.h"

namespace sluice::cli {
namespace {

TEST(WrongWord, is_named_with_the_nearest_right_one_and_all_that_are_right) {
  CLI::App app("", "sluice");
  app.set_version_flag("--version", "1");
  app.require_subcommand(1);
  std::function<int()> command;
  add_rest_commands(app, command);
  const auto told = [&](std::vector<const char*> words) { return wrong_word(app, words).value_or(""); };
  for (const auto& [words, parts] : std::vector<std::pair<std::vector<const char*>, std::vector<const char*>>>{
           {{}, {"A command is missing after \"sluice\".", "destination, "}},
           {{"foo"}, {"\"sluice foo\" is no command.", "destination, ", "sluice --help"}},
           {{"--foo"}, {"\"--foo\" is no option of \"sluice\"", "--version"}},
           {{"destinaton", "list"}, {"\"sluice destinaton\" is no command. Did you mean destination?"}},
           {{"destination", "create", "webhok", "web", "prod"},
            {"\"sluice destination create webhok\" is no command. Did you mean webhook?", "kinesis, s3"}},
           {{"destination", "statsu", "web", "prod", "x"}, {"Did you mean status?"}},
           {{"flag", "describe", "web", "prod", "f"},
            {"\"sluice flag describe\" is no command.", "Expected one of: list, on, off, show."}},
           {{"destination", "list", "--jsn"},
            {"\"--jsn\" is no option of \"sluice destination list\". Did you mean --json?", "--server"}},
           {{"destination", "create", "webhook", "web", "prod", "--ulr=x"}, {"\"--ulr\"", "Did you mean --url?"}}}) {
    for (const char* part : parts) EXPECT_NE(told(words).find(part), std::string::npos) << told(words);
  }
  for (const auto& words :
       std::vector<std::vector<const char*>>{{"--help"},
                                             {"destination", "--help"},
                                             {"destination", "list", "--json"},
                                             {"flag", "list", "web"},
                                             {"destination", "update", "web", "prod", "id", "--name", "--foo"}})
    EXPECT_EQ(told(words), "");
}

}  // namespace
}  // namespace sluice::cli
