// Hexadecimal digits, UTF-8 and JSON strings.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "base/hex.h"
#include "base/json_string.h"
#include "base/terminal_text.h"
#include "base/utf8.h"

namespace sluice {
namespace {

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(Utf8, is_told_from_noise) {
  for (const char* good :
       {"", "abc", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad : {"\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "ok\xe2\x82"})
    EXPECT_FALSE(is_utf8(bad));
  EXPECT_EQ(utf8_sequence_size(""), 0u);
  EXPECT_EQ(utf8_sequence_size("\xe2\x82\xac and more"), 3u);
}

TEST(Utf8, every_code_point_is_written_as_it_is_read) {
  for (const std::uint32_t code : {0x41u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xFFFDu, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    std::string text;
    append_utf8(text, code);
    EXPECT_EQ(utf8_sequence_size(text), text.size()) << code;
  }
  std::string euro;
  append_utf8(euro, 0x20AC);
  EXPECT_EQ(euro, "\xe2\x82\xac");
}

TEST(Utf8, what_is_printed_of_other_bytes_is_ascii) {
  EXPECT_EQ(printable("\xc3\xbc"), "\xc3\xbc");
  EXPECT_EQ(printable("a\xff\xc3\xbc"), "a???");
}

TEST(JsonString, is_valid_json_whatever_the_bytes_are) {
  EXPECT_EQ(json_string("a\"b\\c\n\x01\x7f"), R"("a\"b\\c\u000a\u0001\u007f")");
  EXPECT_EQ(json_string("caf\xe9"), "\"caf\xef\xbf\xbd\"");                            // Latin-1
  EXPECT_EQ(json_string("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");  // a surrogate
  EXPECT_EQ(json_string("\xe2\x82\xac"), "\"\xe2\x82\xac\"");
  EXPECT_EQ(json_string(""), "\"\"");
}

TEST(Hex, is_written_in_lower_case_and_read_in_either) {
  EXPECT_EQ(hex_of(std::string_view("\x00\x0f\xf0\xff", 4)), "000ff0ff");
  EXPECT_EQ(hex_of(std::array<std::uint8_t, 2>{0xAB, 0x01}), "ab01");
  EXPECT_EQ(bytes_of_hex("ABcd"), "\xab\xcd");
  EXPECT_EQ(bytes_of_hex(""), "");
  for (const char* bad : {"a", "0g", "g0", " 0", "0x"}) EXPECT_FALSE(bytes_of_hex(bad)) << bad;
}

TEST(TerminalText, obeys_nothing_that_a_stranger_sent) {
  EXPECT_EQ(terminal_text("\x1b]0;title\x07 a\rb\x7f"), "\\u001b]0;title\\u0007 a\\u000db\\u007f");
  EXPECT_EQ(terminal_text("\u009b31m"), "\\u009b31m") << "a C1 control";
  EXPECT_EQ(terminal_text("\u202eabc\u2066\u200f"), "\\u202eabc\\u2066\\u200f") << "bidirectional ones";
  EXPECT_EQ(terminal_text("a\x9b"
                          "b"),
            "a\\ufffdb")
      << "not UTF-8";
}

TEST(TerminalText, leaves_everything_else_as_it_is) {
  for (const char* text : {"größer", "日本語", "🎉", "a\tb", "two\nlines", "\u00a0"})
    EXPECT_EQ(terminal_text(text), text);
  EXPECT_EQ(terminal_text("two\nlines", false), "two\\u000alines");
}

}  // namespace
}  // namespace sluice
