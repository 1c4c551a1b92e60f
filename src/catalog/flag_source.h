// Where the flags come from that SDKs take through Sluice (docs/relay.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/toml_table.h"

namespace sluice::catalog {

struct FlagSource {
  enum class Kind : std::uint8_t { none, launchdarkly, files };
  Kind kind = Kind::none;
  // Of LaunchDarkly, an ld-relay or another Sluice: what SDKs of servers call streamUri and baseUri, and those of
  // mobile apps and browsers. Without a slash at the end.
  std::string stream_uri, base_uri, client_stream_uri, client_base_uri;
  std::vector<std::string> files;  // names of flag data files in the server's folder for them
  bool reasons = false;            // events of exported flags carry the reason, too
  bool operator==(const FlagSource&) const = default;
};

inline constexpr std::size_t kMaxFlagFiles = 16;  // of an environment; SDKs' own tests use a few

std::string_view flag_source_name(FlagSource::Kind kind);  // "launchdarkly"

// `flag_source`, `flag_site`, `flag_stream_uri`, `flag_base_uri`, `flag_files` and `flag_reasons` of an environment.
FlagSource read_flag_source(config::TomlTable& table);

}  // namespace sluice::catalog
