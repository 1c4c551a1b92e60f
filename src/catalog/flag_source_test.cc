#include "catalog/flag_source.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::catalog {
namespace {

FlagSource read(std::string_view text, std::string* faults = nullptr) {
  config::ConfigFaults found;
  config::TomlTable table = config::TomlTable::parse(text, "sluice.toml", found);
  FlagSource source = read_flag_source(table);
  table.refuse_unknown();
  if (faults != nullptr)
    *faults = found.text();
  else
    EXPECT_TRUE(found.empty()) << found.text();
  return source;
}

TEST(FlagSource, is_none_unless_told) { EXPECT_EQ(read("").kind, FlagSource::Kind::none); }

TEST(FlagSource, has_the_addresses_of_a_launchdarkly_site) {
  FlagSource source = read("flag_source = \"launchdarkly\"");
  EXPECT_EQ(source.stream_uri, "https://stream.launchdarkly.com");
  EXPECT_EQ(source.base_uri, "https://sdk.launchdarkly.com");
  EXPECT_EQ(source.client_stream_uri, "https://clientstream.launchdarkly.com");
  EXPECT_EQ(source.client_base_uri, "https://clientsdk.launchdarkly.com");
  EXPECT_FALSE(source.reasons);
  source = read("flag_source = \"launchdarkly\"\nflag_site = \"launchdarkly.us\"\nflag_reasons = true");
  EXPECT_EQ(source.stream_uri, "https://stream.launchdarkly.us");
  EXPECT_EQ(source.client_base_uri, "https://clientsdk.launchdarkly.us");
  EXPECT_TRUE(source.reasons);
}

TEST(FlagSource, one_address_of_a_relay_is_meant_for_all) {
  const FlagSource source = read("flag_source = \"launchdarkly\"\nflag_stream_uri = \"http://relay:8030//\"");
  for (const std::string* uri :
       {&source.stream_uri, &source.base_uri, &source.client_stream_uri, &source.client_base_uri})
    EXPECT_EQ(*uri, "http://relay:8030");
  EXPECT_EQ(read("flag_source = \"launchdarkly\"\nflag_stream_uri = \"HTTP://relay:8030/\"").stream_uri,
            "http://relay:8030");
  const FlagSource two =
      read("flag_source = \"launchdarkly\"\nflag_stream_uri = \"http://s:1\"\nflag_base_uri = \"http://b:2\"");
  EXPECT_EQ(two.client_stream_uri, "http://s:1");
  EXPECT_EQ(two.base_uri, "http://b:2");
  EXPECT_EQ(two.client_base_uri, "http://b:2");
  // The polls alone elsewhere.
  const FlagSource base = read("flag_source = \"launchdarkly\"\nflag_base_uri = \"http://b:2\"");
  EXPECT_EQ(base.stream_uri, "https://stream.launchdarkly.com");
  EXPECT_EQ(base.client_base_uri, "http://b:2");
}

TEST(FlagSource, names_files_in_one_folder_alone) {
  const FlagSource source = read("flag_source = \"files\"\nflag_files = [\"a.json\", \"b.yaml\"]");
  EXPECT_EQ(source.files, (std::vector<std::string>{"a.json", "b.yaml"}));
  for (const char* file : {"../a.json", "/etc/passwd", ".hidden", "", "a/b"}) {
    std::string faults;
    read(std::string("flag_source = \"files\"\nflag_files = [\"") + file + "\"]", &faults);
    EXPECT_NE(faults.find("is not the name of a file"), std::string::npos) << file << ": " << faults;
  }
  std::string faults;
  read("flag_source = \"files\"", &faults);
  EXPECT_NE(faults.find("none is named"), std::string::npos) << faults;
  read("flag_source = \"files\"\nflag_files = [\"a\", \"a\"]", &faults);
  EXPECT_NE(faults.find("named twice"), std::string::npos) << faults;
}

TEST(FlagSource, says_what_does_not_fit) {
  std::string faults;
  read("flag_source = \"ld-relay\"", &faults);
  EXPECT_NE(faults.find("\"ld-relay\" is not a flag source"), std::string::npos) << faults;
  read("flag_source = \"launchdarkly\"\nflag_site = \"launchdarkly.de\"", &faults);
  EXPECT_NE(faults.find("is not a site of LaunchDarkly"), std::string::npos) << faults;
  read("flag_source = \"launchdarkly\"\nflag_stream_uri = \"ftp://x\"", &faults);
  EXPECT_NE(faults.find("flag_stream_uri"), std::string::npos) << faults;
  read("flag_source = \"launchdarkly\"\nflag_stream_uri = \"http://x/?a=b\"", &faults);
  EXPECT_NE(faults.find("has a query"), std::string::npos) << faults;
  read("flag_source = \"launchdarkly\"\nflag_stream_uri = \"http://169.254.169.254/latest\"", &faults);
  EXPECT_NE(faults.find("169.254.169.254 is a link-local address"), std::string::npos) << faults;
  read("flag_source = \"files\"\nflag_files = \"a\"", &faults);
  EXPECT_NE(faults.find("expected names of files in the server's folder for flag data. Example: [\"flags.yaml\"]"),
            std::string::npos)
      << faults;
  read("flag_files = [\"a\"]", &faults);
  EXPECT_NE(faults.find("belongs to the flag source \"files\""), std::string::npos) << faults;
}

}  // namespace
}  // namespace sluice::catalog
