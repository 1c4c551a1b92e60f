#include "cli/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/utf8.h"

namespace sluice::cli {
namespace {

constexpr std::array<const char*, 6> kCodes = {"", "32", "33", "31", "34", "90"};
constexpr std::size_t kBarColumns = 30;

bool colours() {
  const char* none = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (none == nullptr || *none == '\0');
}

// Control characters (C0, DEL, C1), and what changes the order or the place of text (Unicode's Bidi_Control, line and
// paragraph separators, byte order mark).
bool obeyed(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c || code == 0x200e || code == 0x200f ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

// Of a whole sequence of at most three bytes.
std::uint32_t code_point(std::string_view sequence) {
  const auto bits = [&](std::size_t place, unsigned mask) {
    return static_cast<unsigned char>(sequence[place]) & mask;
  };
  switch (sequence.size()) {
    case 1:
      return bits(0, 0x7f);
    case 2:
      return bits(0, 0x1f) << 6 | bits(1, 0x3f);
    default:
      return bits(0, 0x0f) << 12 | bits(1, 0x3f) << 6 | bits(2, 0x3f);
  }
}

}  // namespace

std::string terminal_text(std::string_view text, bool keeps_lines) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = utf8_sequence_size(text);
    const std::string_view sequence = text.substr(0, std::max<std::size_t>(size, 1));
    text.remove_prefix(sequence.size());
    if (size == 0) {
      out += "\\ufffd";  // not UTF-8: some terminals take such a byte for a control character
    } else if (size == 4 || sequence == "\t" || (keeps_lines && sequence == "\n")) {
      out += sequence;
    } else if (const std::uint32_t code = code_point(sequence); obeyed(code)) {
      out += fmt::format("\\u{:04x}", code);
    } else {
      out += sequence;
    }
  }
  return out;
}

void print_json(std::string_view json) {
  const std::string safe = isatty(STDOUT_FILENO) == 1 ? terminal_text(json) : std::string();
  if (!safe.empty()) json = safe;
  std::fwrite(json.data(), 1, json.size(), stdout);
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
