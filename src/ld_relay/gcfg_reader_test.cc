#include "ld_relay/gcfg_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace sluice::ld_relay {
namespace {

// "section/of/name=value@line" of each entry, or the error.
std::string read(std::string_view text) {
  const auto entries = read_gcfg(text);
  if (!entries) return entries.error().message;
  std::string out;
  for (const GcfgEntry& entry : *entries)
    out += fmt::format("{}{}/{}/{}={}@{}", out.empty() ? "" : " ", entry.section, entry.of, entry.name,
                       entry.value.value_or("(none)"), entry.line);
  return out;
}

TEST(GcfgReader, reads_what_ld_relays_files_hold) {
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("# nothing\n; else\r\n  \n"), "");
  EXPECT_EQ(read("[Main]\nport = 8030\n"), "main//=(none)@1 main//port=8030@2");
  EXPECT_EQ(read("\xEF\xBB\xBF[main]\r\n\tTLSEnabled\r\n"), "main//=(none)@1 main//tlsenabled=(none)@2");
  EXPECT_EQ(read("[Environment \"Spree \\\"A\\\" \\\\\"] # c\nsdkKey=\"sdk-1\""),
            "environment/Spree \"A\" \\/=(none)@1 environment/Spree \"A\" \\/sdkkey=sdk-1@2");
  EXPECT_EQ(read("[ Events ]\n a = b c \t ; comment\n"), "events//=(none)@1 events//a=b c@2");
  EXPECT_EQ(read("[m]\na =\nb\nc=\"\"\n"), "m//=(none)@1 m//a=@2 m//b=(none)@3 m//c=@4");
  EXPECT_EQ(read("[m]\na = \"x # y ; z \" w\n"), "m//=(none)@1 m//a=x # y ; z  w@2");
  EXPECT_EQ(read("[m]\na = \" b \" \n"), "m//=(none)@1 m//a= b @2");
  EXPECT_EQ(read("[m]\na = one\\\ntwo\\\r\nthree\nb=1"), "m//=(none)@1 m//a=onetwothree@2 m//b=1@5");
  EXPECT_EQ(read("[m]\na = \\t\\\"\\\\\\n.\n"), "m//=(none)@1 m//a=\t\"\\\n.@2");
}

TEST(GcfgReader, says_where_a_file_is_wrong_and_what_was_expected) {
  EXPECT_EQ(read("a = 1"), "line 1, column 1: Expected a section before the first setting. Example: [Main]");
  EXPECT_EQ(read("\n[Main"),
            "line 2, column 6: Expected ']' at the end of the section's name. Example: [Environment \"shop\"]");
  EXPECT_EQ(read("[]"), "line 1, column 2: Expected the name of a section. Example: [Main]");
  EXPECT_EQ(
      read("[Main] port = 1"),
      "line 1, column 8: Expected the end of the line behind a section's name. Write settings on lines of their own");
  EXPECT_EQ(read("[m \"a\n\"]"), "line 1, column 6: Expected '\"' at the end of the name");
  EXPECT_EQ(read("[m \"\\a\"]"), "line 1, column 6: Expected \\\" or \\\\ behind a backslash");
  EXPECT_EQ(read("[m \"\xFF\"]"), "line 1, column 7: The name is not UTF-8");
  EXPECT_EQ(read("[m]\n  = 1"), "line 2, column 3: Expected a setting, a section or a comment");
  EXPECT_EQ(read("[m]\na b"), "line 2, column 3: Expected '=' behind a setting's name");
  EXPECT_EQ(read("[m]\na = \"b\nc\""), "line 2, column 7: Expected '\"' at the end of the value");
  EXPECT_EQ(read("[m]\na = C:\\dir"), "line 2, column 8: Expected \\\\, \\\", \\n or \\t. Write a backslash as \\\\");
  EXPECT_EQ(read("[m]\na = b\\"), "line 2, column 7: Expected \\\\, \\\", \\n or \\t. Write a backslash as \\\\");
  EXPECT_EQ(read(std::string_view("[m]\na = \0b", 10)), "line 2, column 5: The file holds a zero byte");
  EXPECT_EQ(read("[m]\na = \xC3("), "line 2, column 7: The value is not UTF-8");
  EXPECT_EQ(read(std::string(kMaxFileBytes + 1, '\n')),
            fmt::format("the file has {} bytes; expected at most {}", kMaxFileBytes + 1, kMaxFileBytes));
}

}  // namespace
}  // namespace sluice::ld_relay
