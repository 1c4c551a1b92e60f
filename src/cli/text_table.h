// A table for people: columns as wide as their widest cell, two spaces between.
#pragma once

#include <string>
#include <vector>

namespace sluice::cli {

// The first row is the head. Cells are shown as terminal_text(). Width counts characters of UTF-8; a line has no spaces
// at its end.
std::string text_table(std::vector<std::vector<std::string>> rows);

}  // namespace sluice::cli
