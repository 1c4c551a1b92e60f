#include "cli/terminal.h"

#include <gtest/gtest.h>

#include "cli/text_table.h"

namespace sluice::cli {
namespace {

TEST(TerminalText, obeys_nothing_that_a_stranger_sent) {
  EXPECT_EQ(terminal_text("\x1b]0;title\x07 a\rb\x7f"), "\\u001b]0;title\\u0007 a\\u000db\\u007f");
  EXPECT_EQ(terminal_text("\u009b31m"), "\\u009b31m") << "a C1 control";
  EXPECT_EQ(terminal_text("\u202eabc\u2066\u200f"), "\\u202eabc\\u2066\\u200f") << "bidirectional ones";
  EXPECT_EQ(terminal_text("a\x9b"
                          "b"),
            "a\\ufffdb")
      << "not UTF-8";
}

TEST(TerminalText, leaves_everything_else_as_it_is) {
  for (const char* text : {"größer", "日本語", "🎉", "a\tb", "two\nlines", "\u00a0"})
    EXPECT_EQ(terminal_text(text), text);
  EXPECT_EQ(terminal_text("two\nlines", false), "two\\u000alines");
}

TEST(TerminalText, a_table_cell_moves_no_other) {
  EXPECT_EQ(text_table({{"KEY", "ON"}, {"a\nb\x1b[2J", "yes"}}), "KEY                ON\na\\u000ab\\u001b[2J  yes\n");
}

}  // namespace
}  // namespace sluice::cli
