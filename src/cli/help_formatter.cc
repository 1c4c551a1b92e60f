#include "cli/help_formatter.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "cli/terminal.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kDescriptionColumn = 34;

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

// Where the lines after the first of a long one begin: under its description, if it has one beside a name.
std::size_t margin_of(std::string_view line) {
  const bool described =
      line.starts_with("  ") && line.size() > kDescriptionColumn && line[kDescriptionColumn - 1] == ' ';
  if (described) return kDescriptionColumn;
  return line.starts_with("Usage:") ? 2 : std::min(line.find_first_not_of(' '), line.size());
}

// The last space that fits, but none before the text.
std::size_t break_of(std::string_view line, std::size_t margin) {
  std::size_t space = std::string_view::npos;
  for (std::size_t at = 0, columns = 0; at < line.size() && columns <= kTerminalColumns; ++at) {
    if (line[at] == ' ' && at > margin) space = at;
    if (begins_character(line[at])) ++columns;
  }
  return space;
}

void append_wrapped(std::string& out, std::string line) {
  const std::size_t margin = margin_of(line);
  while (columns_of(line) > kTerminalColumns) {
    const std::size_t space = break_of(line, margin);
    if (space == std::string_view::npos) break;  // one long word
    out.append(line, 0, space).append("\n");
    line.replace(0, space + 1, margin, ' ');
  }
  out += line;
}

class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(kDescriptionColumn); }
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    const std::string help = CLI::Formatter::make_help(app, std::move(name), mode);
    std::string out;
    for (std::string_view rest = help; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      append_wrapped(out, std::string(rest.substr(0, end)));
      out += '\n';
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return out;
  }
};

}  // namespace

void use_help_formatter(CLI::App& app) { app.formatter(std::make_shared<HelpFormatter>()); }

}  // namespace sluice::cli
