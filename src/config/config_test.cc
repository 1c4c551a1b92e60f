#include <gtest/gtest.h>

#include <algorithm>

#include "config/quantity.h"
#include "config/toml_table.h"

namespace sluice::config {
namespace {

TEST(Quantity, reads_amounts_as_people_write_them) {
  EXPECT_EQ(parse_bytes("16 GiB"), 16ull << 30);
  EXPECT_EQ(parse_bytes("500_000"), 500'000u);
  EXPECT_EQ(parse_bytes("5MB"), 5'000'000u);
  EXPECT_EQ(parse_duration_ms("24 h"), 86'400'000);
  EXPECT_EQ(parse_duration_ms("250ms"), 250);
  EXPECT_EQ(parse_duration_ms("0"), 0);
  for (const char* text : {"", "GiB", "-1", "1.5 GiB", "16 gib", "99999999999999999999", "9000000 TiB"})
    EXPECT_FALSE(parse_bytes(text)) << text;
  for (const char* text : {"10", "h", "10 hours"}) EXPECT_FALSE(parse_duration_ms(text)) << text;
}

// An attacker's script cfg.
TEST(ConfigFaults, of_values_with_control_characters_are_told_whole_and_without_them) {
  ConfigFaults faults;
  TomlTable root = TomlTable::parse(
      "[[project]]\nkey = \"a\\u0000b\"\n[[project]]\nkey = \"a\\u001b[31mb\"\n[\"\\u0000x\"]\na = 1\n", "a.toml",
      faults);
  for (TomlTable& project : root.tables("project")) {
    project.call("project \"" + project.peek("key") + "\"");
    project.required("name", "a name", "\"Web\"");
  }
  root.refuse_unknown();
  const std::string text = faults.text();
  for (const char* told : {"project \"a\\u0000b\", name:\n    It is missing",
                           "project \"a\\u001b[31mb\", name:", "\\u0000x:\n    Unknown setting."})
    EXPECT_NE(text.find(told), std::string::npos) << text;
  EXPECT_TRUE(std::ranges::none_of(text, [](char c) { return c == '\0' || c == '\x1b'; }));
}

TEST(TomlTable, tells_all_faults_at_once_with_their_lines) {
  ConfigFaults faults;
  TomlTable root = TomlTable::parse(
      "data_dir = 5\n[intake]\nlisten = \"a:1\"\nlistne = 1\n[[destination]]\nname = \"orders\"\non = \"yes\"\n",
      "sluice.toml", faults);
  root.text("data_dir", "a directory", "\"/var/lib/sluice\"");
  TomlTable intake = root.table("intake");
  EXPECT_EQ(intake.text("listen", "host:port", "\"127.0.0.1:8030\""), "a:1");
  auto destinations = root.tables("destination");
  ASSERT_EQ(destinations.size(), 1u);
  destinations[0].call("destination \"orders\"");
  destinations[0].text("name", "a name", "\"orders\"");
  destinations[0].boolean("on", "on = true");
  destinations[0].required("region", "an AWS region", "\"eu-west-1\"");
  root.refuse_unknown();
  const std::string text = faults.text();
  EXPECT_EQ(faults.all().size(), 4u) << text;
  EXPECT_NE(text.find("sluice.toml, line 1, data_dir:\n    This is a whole number; expected a directory."),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("sluice.toml, line 7, destination \"orders\", on:"), std::string::npos) << text;
  EXPECT_NE(text.find("sluice.toml, line 5, destination \"orders\", region:\n    It is missing; expected an AWS "
                      "region. Example: region = \"eu-west-1\""),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("line 4, [intake], listne:\n    Unknown setting. Did you mean listen?"), std::string::npos)
      << text;
}

TEST(TomlTable, names_the_line_of_a_syntax_error) {
  ConfigFaults faults;
  TomlTable::parse("a = 1\nb = = 2\n", "sluice.toml", faults);
  ASSERT_EQ(faults.all().size(), 1u);
  EXPECT_EQ(faults.all()[0].place, "sluice.toml, line 2");
}

}  // namespace
}  // namespace sluice::config
