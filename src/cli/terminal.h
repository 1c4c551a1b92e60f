// Terminal output: colour and a progress bar, neither of them in a file or a pipe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::cli {

inline constexpr std::size_t kTerminalColumns = 80;

// Of stdout, if that is a terminal; else 0.
std::size_t terminal_columns();

// JSON for programs: byte by byte, but for a terminal as terminal_text().
void print_json(std::string_view json);
// At a command's end: everything on stdout is written, or it is said that it is not and why. Returns what the process
// ends with: `status`, or 1 instead of 0.
int finish_output(int status);
// "sluice: MESSAGE", on stderr.
void complain(std::string_view message);

enum class Colour : std::uint8_t { plain, green, amber, red, blue, grey };
// Of a destination's state or a check's status.
Colour colour_of(std::string_view status);
// As it is when stdout is no terminal, or NO_COLOR is set.
std::string in_colour(std::string_view text, Colour colour);

// Each line behind `columns` spaces; broken at the terminal's width unless it is not to be.
std::string indented(std::string_view text, std::size_t columns, bool wrap = true);

// On stderr, if that is a terminal.
class ProgressBar {
 public:
  explicit ProgressBar(std::string what) : what_(std::move(what)) {}
  ~ProgressBar() { end(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  void show(double fraction, std::string_view beside);
  void end();  // wipes it out

 private:
  const std::string what_;
  bool shown_ = false;
};

}  // namespace sluice::cli
