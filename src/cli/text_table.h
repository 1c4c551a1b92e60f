// A table for people: columns as wide as their widest cell, two spaces between.
#pragma once

#include <string>
#include <vector>

namespace sluice::cli {

// The first row is the head. Width counts characters of UTF-8; a line has no spaces at its end.
std::string text_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace sluice::cli
