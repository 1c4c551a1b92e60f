#include "server/settings.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <tuple>

namespace sluice::server {
namespace {

class SettingsTest : public testing::Test {
 protected:
  ~SettingsTest() override { std::remove(path_.c_str()); }

  Configuration load(const std::string& file, std::map<std::string, std::string> variables = {},
                     std::map<std::string, std::string> flags = {}) {
    std::ofstream(path_) << file;
    return load_configuration({path_, std::move(flags),
                               [variables](std::string_view name) -> std::optional<std::string> {
                                 const auto found = variables.find(std::string(name));
                                 if (found == variables.end()) return std::nullopt;
                                 return found->second;
                               }},
                              faults_);
  }

  const std::string path_ = testing::TempDir() + "settings_test.toml";
  config::ConfigFaults faults_;
};

TEST_F(SettingsTest, come_from_the_file_then_variables_then_flags) {
  const Configuration configuration = load(
      "data_dir = \"/a\"\n[intake]\nlisten = \"1.2.3.4:1\"\n[journal]\nretention = \"2 h\"\nmax_bytes = 1073741824\n",
      {{"SLUICE_LISTEN", "1.2.3.4:2"}, {"SLUICE_DATA_DIR", "/b"}}, {{"--data-dir", "/c"}});
  EXPECT_TRUE(faults_.empty()) << faults_.text();
  EXPECT_EQ(configuration.settings.data_dir, "/c");
  EXPECT_EQ(configuration.settings.intake_listen, "1.2.3.4:2");
  EXPECT_EQ(configuration.settings.journal.retention_ms, 7'200'000);
  EXPECT_EQ(configuration.settings.journal.max_bytes, 1u << 30);
}

TEST_F(SettingsTest, all_faults_come_in_one_answer_with_place_and_example) {
  load("[intake]\nlisten = 8030\nmax_body_bytes = \"1 B\"\n[jurnal]\nmax_bytes = 5\n", {{"SLUICE_DRAIN", "soon"}},
       {{"--log-level", "loud"}});
  const std::string text = faults_.text();
  EXPECT_EQ(faults_.all().size(), 5u) << text;
  constexpr const char* kDoesNotFit =
      "line 3, [intake], max_body_bytes:\n    \"1 B\" is not valid; expected a size from 64 KiB to 64 MiB. "
      "Example: \"16 MiB\"";
  for (const char* part : {"line 2, [intake], listen", kDoesNotFit, "line 4, jurnal", "Did you mean journal?",
                           "variable SLUICE_DRAIN", "flag --log-level"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST_F(SettingsTest, are_read_under_the_name_of_before_but_not_under_both) {
  for (const auto& [file, variables, flags] :
       {std::tuple<std::string, std::map<std::string, std::string>, std::map<std::string, std::string>>{
            "[aws]\nallowed_endpoints = \"a.internal\"\n", {}, {}},
        {"", {{"SLUICE_ALLOWED_ENDPOINTS", "a.internal"}}, {}},
        {"", {}, {{"--allowed-endpoints", "a.internal"}}},
        {"[outbound]\nallowed = \"b\"\n", {{"SLUICE_OUTBOUND_ALLOWED", "a.internal"}}, {}}}) {
    const Configuration configuration = load(file, variables, flags);
    EXPECT_TRUE(faults_.empty()) << faults_.text();
    EXPECT_EQ(configuration.settings.outbound_text, "a.internal");
    EXPECT_TRUE(configuration.settings.outbound.lists("a.internal"));
  }
  load("[aws]\nallowed_endpoints = \"a.internal\"\n", {{"SLUICE_OUTBOUND_ALLOWED", "a.internal"}});
  ASSERT_EQ(faults_.all().size(), 1u) << faults_.text();
  EXPECT_EQ(faults_.all()[0].place, "aws.allowed_endpoints");
  for (const char* name : {"outbound.allowed", "variable SLUICE_OUTBOUND_ALLOWED"})
    EXPECT_NE(faults_.all()[0].message.find(name), std::string::npos) << faults_.text();
}

TEST_F(SettingsTest, a_list_with_a_bad_entry_is_refused_with_the_entry) {
  load("", {{"SLUICE_OUTBOUND_ALLOWED", "hooks.internal, http://x, 10.0.0.1"}});
  ASSERT_EQ(faults_.all().size(), 1u);
  EXPECT_TRUE(faults_.all()[0].message.starts_with("\"http://x\" is not a host")) << faults_.text();
}

TEST_F(SettingsTest, an_empty_variable_counts_as_none) {
  const Configuration configuration =
      load_configuration({std::nullopt, {}, [](std::string_view) { return std::string(); }}, faults_);
  EXPECT_TRUE(faults_.empty()) << faults_.text();
  EXPECT_EQ(configuration.settings.admin_listen, "127.0.0.1:8031");
}

TEST_F(SettingsTest, a_file_that_is_not_there_is_a_fault) {
  load_configuration({"/nowhere/sluice.toml", {}, [](std::string_view) { return std::nullopt; }}, faults_);
  ASSERT_EQ(faults_.all().size(), 1u);
  EXPECT_EQ(faults_.all()[0].place, "/nowhere/sluice.toml");
}

TEST(SettingRows, are_all_documented_with_flag_and_variable) {
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/configuration.md");
  std::stringstream page;
  page << file.rdbuf();
  for (const SettingRow& row : setting_rows()) {
    const std::string flag = row.flag.empty() ? "none" : "`" + std::string(row.flag) + "`";
    const std::string line = "| `" + std::string(row.key) + "` | " + flag + " | `" + std::string(row.variable) + "` |";
    EXPECT_NE(page.str().find(line), std::string::npos) << "docs/configuration.md lacks: " << line;
  }
}

TEST(Configuration, the_whole_example_of_its_page_is_good) {
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/configuration.md");
  std::stringstream page;
  page << file.rdbuf();
  const std::string text = page.str();
  const auto start = text.find("```toml\n") + 8;
  const std::string path = testing::TempDir() + "configuration_example.toml";
  std::ofstream(path) << text.substr(start, text.find("```", start) - start);
  config::ConfigFaults faults;
  const Configuration configuration =
      load_configuration({path, {}, [](std::string_view) { return std::nullopt; }}, faults);
  EXPECT_TRUE(faults.empty()) << faults.text();
  EXPECT_EQ(configuration.catalog->destinations().size(), 1u);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace sluice::server
