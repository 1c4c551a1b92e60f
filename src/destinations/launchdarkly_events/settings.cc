#include "destinations/launchdarkly_events/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/field_reading.h"
#include "destinations/address_setting.h"
#include "http_client/url.h"

namespace sluice::launchdarkly_events {
namespace {

constexpr std::array<Site, 3> kSites = {{
    {"launchdarkly.com", "https://events.launchdarkly.com", "https://mobile.launchdarkly.com"},
    {"eu.launchdarkly.com", "https://events.eu.launchdarkly.com", "https://mobile.eu.launchdarkly.com"},
    {"launchdarkly.us", "https://events.launchdarkly.us", "https://mobile.launchdarkly.us"},
}};

// Without the slashes at its end; a fault if it is no address.
void read_uri(config::TomlTable& table, const std::string& field, std::string& uri) {
  constexpr std::string_view kExpected = "an http or https address without query";
  constexpr std::string_view kExample = "\"https://events.launchdarkly.com\"";
  std::string text = destinations::read_address(table, field, kExpected, kExample);
  if (text.empty()) return;
  while (text.ends_with('/')) text.pop_back();
  const auto parsed = http_client::parse_url(text);
  if (parsed && text.find('?') == std::string::npos)
    uri = std::move(text);
  else
    table.fault(field, fmt::format("The address {}; expected {}. Example: {}",
                                   parsed ? "has a query" : parsed.error().message, kExpected, kExample));
}

}  // namespace

TeeSettings read_tee_settings(config::TomlTable& table) {
  TeeSettings settings;
  const std::string name = table.text("site", "the name of a LaunchDarkly site", "\"launchdarkly.com\"")
                               .value_or(std::string(kSites[0].name));
  const auto* site = std::ranges::find(kSites, name, &Site::name);
  if (site == kSites.end()) {
    table.fault("site", fmt::format("\"{}\" is not a site of LaunchDarkly; expected {}, {} or {}.", shown_value(name),
                                    kSites[0].name, kSites[1].name, kSites[2].name));
    site = kSites.begin();
  }
  settings.events_uri = site->events_uri;
  settings.mobile_uri = site->mobile_uri;
  read_uri(table, "events_uri", settings.events_uri);
  // Who gives one address of his own, such as a relay's, means it for all.
  if (table.has("events_uri") && !table.has("mobile_uri")) settings.mobile_uri = settings.events_uri;
  read_uri(table, "mobile_uri", settings.mobile_uri);
  config::read_duration_ms(table, "max_age", settings.max_age_ms, 60'000, 365 * 86'400'000LL,
                           "a time from 1 min to 365 d", "\"7 d\"");
  config::read_number(table, "max_calls_in_flight", settings.max_calls_in_flight, 1, 64);
  settings.diagnostics = table.boolean("diagnostics", "true").value_or(true);
  return settings;
}

}  // namespace sluice::launchdarkly_events
