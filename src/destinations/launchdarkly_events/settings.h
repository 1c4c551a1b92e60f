// The settings of a destination that forwards payloads to LaunchDarkly's event service (docs/configuration.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/credential_kind.h"
#include "catalog/snapshot.h"
#include "config/toml_table.h"

namespace sluice::launchdarkly_events {

// https://launchdarkly.com/docs/sdk/concepts/domain-list and …/home/infrastructure/eu, …/federal
struct Site {
  std::string_view name;        // as the setting `site` has it
  std::string_view events_uri;  // of server-side SDKs and browsers
  std::string_view mobile_uri;
};

struct TeeSettings {
  std::string events_uri;  // scheme://host[:port][/path], no slash at the end
  std::string mobile_uri;
  std::int64_t max_age_ms = 7 * 86'400'000LL;  // older payloads are dead letters
  std::uint32_t max_calls_in_flight = 8;       // of each kind of credential
  bool diagnostics = true;                     // forward SDKs' diagnostic events, too
  bool operator==(const TeeSettings&) const = default;

  const std::string& uri_for(CredentialKind credential) const {
    return credential == CredentialKind::mobile_key ? mobile_uri : events_uri;
  }
};

// Reads them, and notes every fault at its field.
TeeSettings read_tee_settings(config::TomlTable& table);

inline const TeeSettings& settings_of(const catalog::Destination& destination) {
  return destination.settings.as<TeeSettings>();
}

}  // namespace sluice::launchdarkly_events
