// A table for people: columns as wide as their widest cell, two spaces between.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sluice::cli {

// The first row is the head. Cells are shown as terminal_text(). Width counts characters of UTF-8; a line has no spaces
// at its end. `columns`: the terminal's width, 0 for none: the widest columns are narrowed until a row fits, and their
// cells continue on further lines. Nothing is cut.
std::string text_table(std::vector<std::vector<std::string>> rows, std::size_t columns = 0);

}  // namespace sluice::cli
