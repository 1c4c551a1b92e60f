#include "aws/profile_file.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::aws {

namespace {

constexpr std::string_view kSpace = " \t\r\f\v";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
}

// A comment behind a value begins with a space.
std::string_view without_comment(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    const bool after_space = value[i - 1] == ' ' || value[i - 1] == '\t';
    if (after_space && (value[i] == '#' || value[i] == ';')) return trimmed(value.substr(0, i));
  }
  return value;
}

// Behind a quoted name in a section's line, which may hold a ']'.
std::size_t end_of_quotes(std::string_view line) {
  const std::size_t open = line.find_first_of("\"']");
  if (open == std::string_view::npos || line[open] == ']') return 0;
  const std::size_t close = line.find(line[open], open + 1);
  return close == std::string_view::npos ? 0 : close;
}

// The profile that a section's title names; empty for a section that is none.
std::string_view profile_of(std::string_view title, ProfileFileKind kind) {
  title = trimmed(title);
  if (kind == ProfileFileKind::credentials || title == "default") return title;
  constexpr std::string_view kPrefix = "profile";
  if (!title.starts_with(kPrefix) || title.size() == kPrefix.size()) return {};
  if (kSpace.find(title[kPrefix.size()]) == std::string_view::npos) return {};
  title = trimmed(title.substr(kPrefix.size()));
  // As AWS's tools: quotes around a name with spaces are none of it.
  const bool quoted =
      title.size() > 2 && (title.front() == '"' || title.front() == '\'') && title.back() == title.front();
  return quoted ? title.substr(1, title.size() - 2) : title;
}

tl::unexpected<Error> wrong(std::size_t line, std::string_view what) {
  return fail("line " + std::to_string(line) + " " + std::string(what));
}

}  // namespace

Result<Profiles> parse_profile_file(std::string_view text, ProfileFileKind kind) {
  Profiles profiles;
  Profile* into = nullptr;  // of the current section; null in one that is passed over
  bool in_section = false;
  bool nested = false;  // the last key had no value: indented lines below it are its settings
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::size_t line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view line = trimmed(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      const std::size_t close = line.find(']', end_of_quotes(line));
      if (close == std::string_view::npos)
        return wrong(line_number, "begins a section with '[' and does not close it with ']'");
      const std::string_view title = line.substr(1, close - 1);
      const std::string_view name = profile_of(title, kind);
      into = name.empty() ? nullptr : &profiles[std::string(name)];
      // [profile default] stands above [default].
      if (into != nullptr && name == "default" && trimmed(title) != "default") into->clear();
      in_section = true;
      nested = false;
      continue;
    }
    if (!in_section) return wrong(line_number, "is before the first [section]");
    const bool indented = raw.front() == ' ' || raw.front() == '\t';
    if (indented && nested) continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      if (indented) continue;  // a continuation line: no setting that is read here has several lines
      return wrong(line_number, "is neither a [section] nor key = value");
    }
    const std::string_view value = without_comment(trimmed(line.substr(equals + 1)));
    nested = value.empty();
    if (into != nullptr && !nested) (*into)[lower(trimmed(line.substr(0, equals)))] = value;
  }
  return profiles;
}

Profiles merged_profiles(Profiles config, Profiles credentials) {
  for (auto& [name, settings] : credentials) {
    for (auto& [key, value] : settings) config[name][key] = std::move(value);
    config[name];  // a profile may be empty
  }
  return config;
}

}  // namespace sluice::aws
