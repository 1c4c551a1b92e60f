#include "cli/text_table.h"

#include <algorithm>
#include <utility>

#include "base/terminal_text.h"
#include "cli/terminal.h"

namespace sluice::cli {
namespace {

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// Narrower than this no column is: words would fall into letters.
constexpr std::size_t kLeastWidth = 10;

std::size_t total_of(const std::vector<std::size_t>& widths) {
  std::size_t total = 0;
  for (const std::size_t width : widths) total += width + 2;
  return total - std::min<std::size_t>(total, 2);
}

// An id, in the first column, keeps its width as long as another column can give.
constexpr std::size_t kIdWidth = 24;

// Takes room from the widest column that can give some.
void narrow(std::vector<std::size_t>& widths, std::size_t columns) {
  for (const bool ids_too : {false, true})
    while (total_of(widths) > columns) {
      std::size_t* widest = nullptr;
      for (std::size_t& width : widths) {
        const bool may = width > kLeastWidth && (ids_too || width != kIdWidth || &width != widths.data());
        if (may && (widest == nullptr || width > *widest)) widest = &width;
      }
      if (widest == nullptr) break;
      --*widest;
    }
}

// The first characters of `cell` that fit into `width`, taken out of it: up to a space, or behind a '/' or ',' of its
// second half, if there is one.
std::string first_line(std::string& cell, std::size_t width) {
  std::size_t end = 0, at_space = 0, behind_mark = 0;
  for (std::size_t characters = 0; end < cell.size(); ++end) {
    const bool begins = (cell[end] & 0xC0) != 0x80;
    if (begins && cell[end] == ' ') at_space = end;
    if (begins && characters == width) break;
    characters += begins ? 1 : 0;
    if ((cell[end] == '/' || cell[end] == ',') && characters > width / 2) behind_mark = end + 1;
  }
  if (end == cell.size()) return std::exchange(cell, {});
  const std::size_t cut = at_space > 0 ? at_space : behind_mark > 0 ? behind_mark : end;
  std::string line = cell.substr(0, cut);
  cell.erase(0, cut + (cell[cut] == ' ' ? 1 : 0));
  return line;
}

}  // namespace

std::string text_table(std::vector<std::vector<std::string>> rows, std::size_t columns) {
  std::vector<std::size_t> widths;
  for (auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::string& cell : row) cell = terminal_text(cell, false);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  if (columns > 0) narrow(widths, columns);
  std::string out;
  for (auto& row : rows) {
    do {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string part = first_line(row[i], widths[i]);
        line += part;
        if (i + 1 < row.size()) line.append(widths[i] - width_of(part) + 2, ' ');
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + "\n";
    } while (std::ranges::any_of(row, [](const std::string& cell) { return !cell.empty(); }));
  }
  return out;
}

}  // namespace sluice::cli
