#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <algorithm>

#include <memory>

#include "base/json_string.h"
#include "base/terminal_text.h"

namespace sluice {
namespace {

// The one logger of the process. Set up before threads start and only read afterwards.
struct Output {
  std::shared_ptr<spdlog::logger> logger;
  LogFormat format = LogFormat::text;

  Output() : logger(std::make_shared<spdlog::logger>("sluice", std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
    apply(LogLevel::info, LogFormat::text);
  }
  void apply(LogLevel least, LogFormat new_format);
};

spdlog::level::level_enum spd_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

void Output::apply(LogLevel least, LogFormat new_format) {
  format = new_format;
  logger->set_level(spd_level(least));
  logger->flush_on(spdlog::level::debug);
  const char* pattern =
      format == LogFormat::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})" : "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
  logger->set_pattern(pattern, spdlog::pattern_time_type::utc);
}

Output& output() {
  static Output instance;
  return instance;
}

}  // namespace

namespace {

// Whether a text can stand in a line without quotes: no reader takes anything in it for the end of it, and no terminal
// for a command.
bool is_plain(std::string_view text) {
  const bool odd =
      std::any_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '"' || c == '\\' || c == '='; });
  return !text.empty() && !odd && text.find('\t') == std::string_view::npos && terminal_text(text, false) == text;
}

// People read logs in terminals: what those would obey is escaped, as JSON has it anyway.
void append_quoted(std::string& line, std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  line.append(terminal_text(quoted, false));
}

}  // namespace

std::string LogField::number(double value) { return fmt::format("{}", value); }

void log_configure(LogLevel least, LogFormat format) { output().apply(least, format); }

void log_write(LogLevel level, std::string_view happening, LogFields fields) {
  Output& out = output();
  if (!out.logger->should_log(spd_level(level))) return;
  const bool json = out.format == LogFormat::json;
  std::string line;
  if (json) {
    line.append(R"("event":)");
    append_json_string(line, happening);
  } else {
    line.append(happening);
  }
  for (const LogField& field : fields) {
    line.append(json ? ",\"" : " ");
    line.append(field.name());
    line.append(json ? "\":" : "=");
    if (field.quoted() && (json || !is_plain(field.text()))) {
      append_quoted(line, field.text());
    } else {
      line.append(field.text());
    }
  }
  out.logger->log(spd_level(level), std::string_view(line));
}

}  // namespace sluice
