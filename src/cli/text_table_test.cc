#include "cli/text_table.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::cli {
namespace {

TEST(TextTable, columns_are_as_wide_as_their_widest_cell_in_characters) {
  EXPECT_EQ(text_table({{"KEY", "NAME", "ON"}, {"a", "größer", "true"}, {"longer-key", "", ""}}),
            "KEY         NAME    ON\n"
            "a           größer  true\n"
            "longer-key\n");
  EXPECT_EQ(text_table({}), "");
}

TEST(TextTable, fits_a_terminal_and_loses_no_character) {
  const std::string url = "https://hooks.example.com/a/very/long/path/" + std::string(60, 'x') + "/end";
  const std::string table =
      text_table({{"ID", "NAME", "TO"}, {"610addeadbeefaa86ec9a7d4", "größe of a hook", url}, {"1", "b", "-"}}, 60);
  std::size_t start = 0;
  for (std::size_t end = table.find('\n'); end != std::string::npos; start = end + 1, end = table.find('\n', start)) {
    const std::string line = table.substr(start, end - start);
    EXPECT_LE(line.size(), 60u + 2) << line;  // two letters are of two bytes
  }
  EXPECT_NE(table.find("610addeadbeefaa86ec9a7d4"), std::string::npos) << "short columns stay whole";
  std::string letters = table;
  std::erase_if(letters, [](char c) { return c == ' ' || c == '\n'; });
  EXPECT_EQ(std::ranges::count(letters, 'x'), std::ranges::count(url, 'x')) << table;
  EXPECT_EQ(text_table({{"A"}, {"one two three four five"}}, 10), "A\none two\nthree four\nfive\n");
  EXPECT_EQ(text_table({{"A"}, {"one two three four five"}}), "A\none two three four five\n") << "whole when piped";
}

}  // namespace
}  // namespace sluice::cli
