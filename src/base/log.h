// Structured logging to stderr: one line per happening, never per event, never a secret.
//
//   log_info("journal.recovered", {{"segments", 12}, {"torn_bytes", 4096}});
//
// prints  2026-11-23T05:54:10.123Z info journal.recovered segments=12 torn_bytes=4096
// or, as JSON, one object a line with the same names. The event name is `part.happening`; the values of free text are
// quoted.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace sluice {

enum class LogLevel { debug, info, warn, error, off };
enum class LogFormat { text, json };

class LogField {
 public:
  LogField(std::string_view name, std::string_view value) : name_(name), text_(value), quoted_(true) {}
  LogField(std::string_view name, const char* value) : LogField(name, std::string_view(value)) {}
  LogField(std::string_view name, const std::string& value) : LogField(name, std::string_view(value)) {}
  LogField(std::string_view name, bool value) : name_(name), text_(value ? "true" : "false"), quoted_(false) {}
  template <typename Number, std::enable_if_t<std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>, int> = 0>
  LogField(std::string_view name, Number value) : name_(name), text_(number(value)), quoted_(false) {}

  std::string_view name() const { return name_; }
  std::string_view text() const { return text_; }
  bool quoted() const { return quoted_; }

 private:
  static std::string number(double value);
  template <typename Number>
  static std::string number(Number value) {
    return std::to_string(value);
  }
  std::string_view name_;
  std::string text_;
  bool quoted_;
};

using LogFields = std::initializer_list<LogField>;

// Before the first line is logged; afterwards lines may come from any thread.
void log_configure(LogLevel least, LogFormat format);

void log_write(LogLevel level, std::string_view happening, LogFields fields);
inline void log_debug(std::string_view happening, LogFields fields = {}) {
  log_write(LogLevel::debug, happening, fields);
}
inline void log_info(std::string_view happening, LogFields fields = {}) {
  log_write(LogLevel::info, happening, fields);
}
inline void log_warn(std::string_view happening, LogFields fields = {}) {
  log_write(LogLevel::warn, happening, fields);
}
inline void log_error(std::string_view happening, LogFields fields = {}) {
  log_write(LogLevel::error, happening, fields);
}

}  // namespace sluice
