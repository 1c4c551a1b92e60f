#include "cli/text_table.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

TEST(TextTable, columns_are_as_wide_as_their_widest_cell_in_characters) {
  EXPECT_EQ(text_table({{"KEY", "NAME", "ON"}, {"a", "größer", "true"}, {"longer-key", "", ""}}),
            "KEY         NAME    ON\n"
            "a           größer  true\n"
            "longer-key\n");
  EXPECT_EQ(text_table({}), "");
}

}  // namespace
}  // namespace sluice::cli
