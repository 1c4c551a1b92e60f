// What comes from outside reaches a terminal or a file as text and as nothing else.
#include "base/log.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace sluice {
namespace {

std::string logged(LogFormat format, std::string_view text) {
  log_configure(LogLevel::info, format);
  testing::internal::CaptureStderr();
  log_warn("test", {{"sdk", text}});
  return testing::internal::GetCapturedStderr();
}

TEST(Log, what_is_plain_stands_as_it_is_in_a_line_of_text) {
  EXPECT_NE(logged(LogFormat::text, "NodeJSClient/9.13.7").find(" sdk=NodeJSClient/9.13.7\n"), std::string::npos);
  EXPECT_NE(logged(LogFormat::text, "caf\xC3\xA9").find(" sdk=caf\xC3\xA9\n"), std::string::npos);
  EXPECT_NE(logged(LogFormat::text, "a b").find(" sdk=\"a b\"\n"), std::string::npos);
}

TEST(Log, commands_for_a_terminal_and_bytes_that_are_not_utf8_never_reach_it) {
  for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
    for (const char* text : {"\x1B]0;mine\x07", "\x1B[31mred", "caf\xE9", "\xFF\xFE", "a\x7F", "a\nlevel=error"}) {
      const std::string line = logged(format, text);
      EXPECT_TRUE(is_utf8(line)) << line;
      EXPECT_EQ(line.find_first_of("\x1B\x07\x7F"), std::string::npos) << line;
      EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
    }
    for (const char* text : {"\u009b31m", "\u202egnirts", "a\u2028b"}) {
      const std::string line = logged(format, text);
      EXPECT_EQ(line.find(text), std::string::npos) << line;
      EXPECT_NE(line.find("\\u"), std::string::npos) << line;
    }
  }
}

}  // namespace
}  // namespace sluice
