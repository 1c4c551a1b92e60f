#include "catalog/flag_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "http_client/ip_address.h"
#include "http_client/url.h"

namespace sluice::catalog {
namespace {

constexpr std::array<std::string_view, 3> kSourceNames = {"none", "launchdarkly", "files"};

// https://docs.launchdarkly.com/sdk/features/service-endpoint-configuration
struct FlagSite {
  std::string_view name, stream, base, client_stream, client_base;
};
constexpr std::array<FlagSite, 3> kFlagSites = {{
    {"launchdarkly.com", "https://stream.launchdarkly.com", "https://sdk.launchdarkly.com",
     "https://clientstream.launchdarkly.com", "https://clientsdk.launchdarkly.com"},
    {"eu.launchdarkly.com", "https://stream.eu.launchdarkly.com", "https://sdk.eu.launchdarkly.com",
     "https://clientstream.eu.launchdarkly.com", "https://clientsdk.eu.launchdarkly.com"},
    {"launchdarkly.us", "https://stream.launchdarkly.us", "https://sdk.launchdarkly.us",
     "https://clientstream.launchdarkly.us", "https://clientsdk.launchdarkly.us"},
}};

// In place of both of a site's: who gives an address of his own, such as a relay's, means it for all clients.
void read_source_uri(config::TomlTable& table, const std::string& field, std::string& uri, std::string& client_uri) {
  constexpr std::string_view kExpected = "an http or https address without query";
  constexpr std::string_view kExample = "\"https://ld-relay.example.com\"";  // one that is accepted everywhere
  const auto given = table.text(field, kExpected, kExample);
  if (!given) return;
  std::string text = http_client::with_lower_scheme(*given);
  while (text.ends_with('/')) text.pop_back();
  const auto parsed = http_client::parse_url(text);
  if (parsed && text.find('?') == std::string::npos) {
    if (const std::string host = http_client::host_of(text); http_client::is_link_local_host(host))
      table.fault_when_saved(field,
                             fmt::format("{} is a link-local address or a cloud's metadata service, which Sluice never "
                                         "calls for flags. Use another address.",
                                         host));
    uri = client_uri = std::move(text);
  } else {
    table.fault(field, fmt::format("The address {}; expected {}. Example: {}",
                                   parsed ? "has a query" : parsed.error().message, kExpected, kExample));
  }
}

void read_launchdarkly(config::TomlTable& table, FlagSource& source) {
  const std::string name = table.text("flag_site", "the name of a LaunchDarkly site", "\"launchdarkly.com\"")
                               .value_or(std::string(kFlagSites[0].name));
  const auto* site = std::ranges::find(kFlagSites, name, &FlagSite::name);
  if (site == kFlagSites.end()) {
    table.fault("flag_site",
                fmt::format("\"{}\" is not a site of LaunchDarkly; expected {}, {} or {}.", shown_value(name),
                            kFlagSites[0].name, kFlagSites[1].name, kFlagSites[2].name));
    site = kFlagSites.begin();
  }
  source.stream_uri = site->stream;
  source.base_uri = site->base;
  source.client_stream_uri = site->client_stream;
  source.client_base_uri = site->client_base;
  read_source_uri(table, "flag_stream_uri", source.stream_uri, source.client_stream_uri);
  // An ld-relay and a Sluice have one address for both.
  if (table.has("flag_stream_uri") && !table.has("flag_base_uri")) {
    source.base_uri = source.stream_uri;
    source.client_base_uri = source.client_stream_uri;
  }
  read_source_uri(table, "flag_base_uri", source.base_uri, source.client_base_uri);
}

void read_files(config::TomlTable& table, FlagSource& source) {
  constexpr std::string_view kExpected = "names of files in the server's folder for flag data";
  constexpr std::string_view kExample = "[\"flags.yaml\"]";
  source.files = table.texts("flag_files", kExpected, kExample);
  if (source.files.empty())
    table.fault("flag_files", fmt::format("The flag source is files, and none is named; expected {}, such as {}.",
                                          kExpected, kExample));
  if (source.files.size() > kMaxFlagFiles)
    table.fault("flag_files",
                fmt::format("There are {} files; expected at most {}.", source.files.size(), kMaxFlagFiles));
  std::set<std::string_view> names;
  for (const std::string& file : source.files) {
    const bool is_name = !file.empty() && file.size() <= 255 && file.find('/') == std::string::npos &&
                         file.find('\0') == std::string::npos && !file.starts_with('.');
    if (!is_name)
      table.fault("flag_files",
                  fmt::format("\"{}\" is not the name of a file; expected {}, such as {}. Sluice reads no files "
                              "elsewhere, as whoever may change an environment could have any file read.",
                              shown_value(file), kExpected, kExample));
    else if (!names.insert(file).second)
      table.fault("flag_files", fmt::format("\"{}\" is named twice.", shown_value(file)));
  }
}

// Those of another source are faults.
void refuse_others(config::TomlTable& table, FlagSource::Kind kind) {
  const std::pair<const char*, FlagSource::Kind> fields[] = {{"flag_site", FlagSource::Kind::launchdarkly},
                                                             {"flag_stream_uri", FlagSource::Kind::launchdarkly},
                                                             {"flag_base_uri", FlagSource::Kind::launchdarkly},
                                                             {"flag_files", FlagSource::Kind::files}};
  for (const auto& [field, of] : fields)
    if (kind != of && table.has(field))
      table.fault(field,
                  fmt::format("This belongs to the flag source \"{}\", and the flag source is \"{}\". Remove it, "
                              "or change flag_source.",
                              flag_source_name(of), flag_source_name(kind)));
}

}  // namespace

std::string_view flag_source_name(FlagSource::Kind kind) { return kSourceNames[static_cast<std::size_t>(kind)]; }

FlagSource read_flag_source(config::TomlTable& table) {
  FlagSource source;
  const std::string name =
      table.text("flag_source", "\"none\", \"launchdarkly\" or \"files\"", "\"launchdarkly\"").value_or("none");
  const auto* const known = std::ranges::find(kSourceNames, name);
  if (known == kSourceNames.end())
    table.fault("flag_source", fmt::format("\"{}\" is not a flag source; expected \"none\", \"launchdarkly\" (also an "
                                           "ld-relay) or \"files\".",
                                           shown_value(name)));
  else
    source.kind = static_cast<FlagSource::Kind>(known - kSourceNames.begin());
  source.reasons = table.boolean("flag_reasons", "true").value_or(false);
  refuse_others(table, source.kind);
  if (source.kind == FlagSource::Kind::launchdarkly) read_launchdarkly(table, source);
  if (source.kind == FlagSource::Kind::files) read_files(table, source);
  return source;
}

}  // namespace sluice::catalog
