#include "cli/terminal.h"

#include <gtest/gtest.h>

#include "cli/text_table.h"

namespace sluice::cli {
namespace {

TEST(TextTable, a_table_cell_moves_no_other) {
  EXPECT_EQ(text_table({{"KEY", "ON"}, {"a\nb\x1b[2J", "yes"}}), "KEY                ON\na\\u000ab\\u001b[2J  yes\n");
}

}  // namespace
}  // namespace sluice::cli
