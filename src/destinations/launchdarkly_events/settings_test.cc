#include "destinations/launchdarkly_events/settings.h"

#include <gtest/gtest.h>

namespace sluice::launchdarkly_events {
namespace {

TeeSettings read(const std::string& text, config::ConfigFaults& faults) {
  config::TomlTable table = config::TomlTable::parse(text, "test.toml", faults);
  TeeSettings settings = read_tee_settings(table);
  table.refuse_unknown();
  return settings;
}

TEST(TeeSettings, the_site_gives_the_addresses_and_an_address_of_ones_own_is_for_all_payloads) {
  struct Row {
    const char* text;
    const char* events;
    const char* mobile;
  };
  for (const Row& row :
       {Row{"", "https://events.launchdarkly.com", "https://mobile.launchdarkly.com"},
        Row{"site = \"launchdarkly.us\"", "https://events.launchdarkly.us", "https://mobile.launchdarkly.us"},
        Row{"events_uri = \"http://relay:8030/\"", "http://relay:8030", "http://relay:8030"},
        Row{"events_uri = \"http://a\"\nmobile_uri = \"http://b/x\"", "http://a", "http://b/x"}}) {
    config::ConfigFaults faults;
    const TeeSettings settings = read(row.text, faults);
    EXPECT_TRUE(faults.empty()) << faults.text();
    EXPECT_EQ(settings.uri_for(CredentialKind::sdk_key), row.events);
    EXPECT_EQ(settings.uri_for(CredentialKind::client_side_id), row.events);
    EXPECT_EQ(settings.uri_for(CredentialKind::mobile_key), row.mobile);
  }
}

TEST(TeeSettings, tells_every_fault_at_its_field) {
  config::ConfigFaults faults;
  read(
      "site = \"darkly\"\nevents_uri = \"ftp://x\"\nmobile_uri = \"https://x/?a=1\"\nmax_age = \"1 s\"\n"
      "max_calls_in_flight = 100\ndiagnostics = \"x\"\nevents_url = \"https://x\"\n",
      faults);
  EXPECT_EQ(faults.all().size(), 7u) << faults.text();
  for (const char* part :
       {"not a site of LaunchDarkly; expected launchdarkly.com,", "expected an http or https address", "has a query",
        "expected a time from 1 min to 365 d", "from 1 to 64", "Did you mean events_uri?"})
    EXPECT_NE(faults.text().find(part), std::string::npos) << part << "\n" << faults.text();
}

}  // namespace
}  // namespace sluice::launchdarkly_events
