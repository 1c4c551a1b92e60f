#include "cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "base/terminal_text.h"

namespace sluice::cli {
namespace {

constexpr std::array<const char*, 6> kCodes = {"", "32", "33", "31", "34", "90"};
constexpr std::size_t kBarColumns = 30;

bool colours() {
  const char* none = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (none == nullptr || *none == '\0');
}

}  // namespace

std::size_t terminal_columns() {
  if (isatty(STDOUT_FILENO) != 1) return 0;
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kTerminalColumns;
}

void print_json(std::string_view json) {
  const std::string safe = isatty(STDOUT_FILENO) == 1 ? terminal_text(json) : std::string();
  if (!safe.empty()) json = safe;
  std::fwrite(json.data(), 1, json.size(), stdout);
}

int finish_output(int status) {
  const bool before = std::ferror(stdout) != 0;
  const bool flushed = std::fflush(stdout) == 0;
  const int error = errno;
  if (flushed && !before) return status;
  complain(fmt::format("The output could not be written{}. It is not complete: check where it goes.",
                       flushed ? std::string() : ": " + std::generic_category().message(error)));
  return status == 0 ? 1 : status;
}

void complain(std::string_view message) { std::fprintf(stderr, "sluice: %s\n", terminal_text(message).c_str()); }

Colour colour_of(std::string_view status) {
  if (status == "ok" || status == "delivering") return Colour::green;
  if (status == "warning" || status == "behind") return Colour::amber;
  if (status == "failed" || status == "blocked") return Colour::red;
  if (status == "waiting") return Colour::blue;
  return Colour::grey;
}

std::string in_colour(std::string_view text, Colour colour) {
  if (colour == Colour::plain || !colours()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<std::size_t>(colour)], text);
}

std::string indented(std::string_view text, std::size_t columns, bool wrap) {
  const std::string margin(columns, ' ');
  std::string out;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    std::size_t next = std::min(end + 1, text.size());
    const std::size_t room = kTerminalColumns - columns;
    if (wrap && end > room) {
      const std::size_t space = text.substr(0, room + 1).rfind(' ');
      if (space != std::string_view::npos && space > 0) {
        end = space;
        next = space + 1;
      }
    }
    out += margin;
    out += text.substr(0, end);
    out += '\n';
    text.remove_prefix(next);
  }
  return out;
}

void ProgressBar::show(double fraction, std::string_view beside) {
  if (isatty(STDERR_FILENO) != 1) return;
  shown_ = true;
  const double part = std::clamp(fraction, 0.0, 1.0);
  const auto full = static_cast<std::size_t>(part * static_cast<double>(kBarColumns));
  std::fprintf(stderr, "\r\x1b[K%s [%s%s] %3.0f %%  %.*s", what_.c_str(), std::string(full, '#').c_str(),
               std::string(kBarColumns - full, '.').c_str(), part * 100, static_cast<int>(beside.size()),
               beside.data());
  std::fflush(stderr);
}

void ProgressBar::end() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
  shown_ = false;
}

}  // namespace sluice::cli
