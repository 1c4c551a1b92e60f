#include "ld_relay/gcfg_reader.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace sluice::ld_relay {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_name_byte(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; }
char lower_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

class GcfgText {
 public:
  explicit GcfgText(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = line_begin_ = 3;
  }

  Result<std::vector<GcfgEntry>> read() {
    while (true) {
      skip_blanks();
      const char c = next();
      if (at_ >= text_.size()) return std::move(entries_);
      const bool good = c == '\n' || ends_line() ? end_of_line() : c == '[' ? header() : variable();
      if (!good) return fail(fmt::format("line {}, column {}: {}", line_, at_ - line_begin_ + 1, fault_));
    }
  }

 private:
  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool at_line_end() const { return at_ >= text_.size() || text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n"; }
  bool ends_line() const { return at_line_end() || next() == '#' || next() == ';'; }
  void skip_blanks() {
    while (next() == ' ' || next() == '\t') ++at_;
  }
  bool fault(std::string_view text) {
    fault_ = text;
    return false;
  }
  void begin_line() {
    ++line_;
    line_begin_ = at_;
  }

  // Steps over a comment and the end of the line.
  bool end_of_line() {
    if (next() == '#' || next() == ';')
      while (!at_line_end()) ++at_;
    if (next() == '\r') ++at_;
    if (at_ < text_.size()) {
      ++at_;
      begin_line();
    }
    return true;
  }

  bool name(std::string& out) {
    if (!is_letter(next())) return false;
    for (; is_name_byte(next()); ++at_) out += lower_letter(next());
    return true;
  }

  bool header() {
    ++at_;
    GcfgEntry entry;
    entry.line = line_;
    skip_blanks();
    if (!name(entry.section)) return fault("Expected the name of a section. Example: [Main]");
    skip_blanks();
    if (next() == '"' && !quoted(entry.of)) return false;
    skip_blanks();
    if (next() != ']') return fault("Expected ']' at the end of the section's name. Example: [Environment \"shop\"]");
    ++at_;
    skip_blanks();
    if (!ends_line())
      return fault("Expected the end of the line behind a section's name. Write settings on lines of their own");
    section_ = entry.section;
    of_ = entry.of;
    has_section_ = true;
    entries_.push_back(std::move(entry));
    return true;
  }

  // The name in a section's header: \" and \\ stand for " and \.
  bool quoted(std::string& out) {
    for (++at_; next() != '"'; ++at_) {
      if (at_line_end()) return fault("Expected '\"' at the end of the name");
      if (next() == '\\') {
        ++at_;
        if (next() != '"' && next() != '\\') return fault("Expected \\\" or \\\\ behind a backslash");
      }
      out += next();
    }
    ++at_;
    if (!is_utf8(out)) return fault("The name is not UTF-8");
    return true;
  }

  bool variable() {
    if (!has_section_) return fault("Expected a section before the first setting. Example: [Main]");
    GcfgEntry entry;
    entry.section = section_;
    entry.of = of_;
    entry.line = line_;
    if (!name(entry.name)) return fault("Expected a setting, a section or a comment");
    skip_blanks();
    if (next() == '=') {
      ++at_;
      skip_blanks();
      entry.value.emplace();
      if (!value(*entry.value)) return false;
    } else if (!ends_line()) {
      return fault("Expected '=' behind a setting's name");
    }
    entries_.push_back(std::move(entry));
    return true;
  }

  bool value(std::string& out) {
    bool in_quotes = false;
    std::size_t kept = 0;  // without the blanks at the end that no quotes protect
    while (true) {
      if (in_quotes ? at_line_end() : ends_line()) break;
      const char c = next();
      if (c == '\0') return fault("The file holds a zero byte");
      if (c == '\\') {
        if (!escape(out)) return false;
        kept = out.size();
        continue;
      }
      ++at_;
      if (c == '"') {
        in_quotes = !in_quotes;
        kept = std::max(kept, out.size());
        continue;
      }
      out += c;
      if (in_quotes || (c != ' ' && c != '\t')) kept = out.size();
    }
    if (in_quotes) return fault("Expected '\"' at the end of the value");
    out.resize(kept);
    if (!is_utf8(out)) return fault("The value is not UTF-8");
    return true;
  }

  bool escape(std::string& out) {
    ++at_;
    if (next() == '\n' || text_.substr(at_, 2) == "\r\n") {
      at_ += next() == '\r' ? std::size_t{2} : std::size_t{1};
      begin_line();
      return true;
    }
    const char c = next();
    if (c != '\\' && c != '"' && c != 'n' && c != 't')
      return fault("Expected \\\\, \\\", \\n or \\t. Write a backslash as \\\\");
    out += c == 'n' ? '\n' : c == 't' ? '\t' : c;
    ++at_;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0, line_ = 1, line_begin_ = 0;
  std::string section_, of_;
  bool has_section_ = false;
  std::vector<GcfgEntry> entries_;
  std::string fault_;
};

}  // namespace

Result<std::vector<GcfgEntry>> read_gcfg(std::string_view text) {
  if (text.size() > kMaxFileBytes)
    return fail(fmt::format("the file has {} bytes; expected at most {}", text.size(), kMaxFileBytes));
  return GcfgText(text).read();
}

}  // namespace sluice::ld_relay
