// `sluice serve`: runs the server until a signal ends it.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cli/relay_commands.h"

namespace sluice::cli {

struct ServeOptions {
  std::optional<std::string> config_file;
  LdRelaySource ld_relay;  // in place of a configuration file
  bool check_only = false;
  bool accept_empty_catalog = false;
  std::map<std::string, std::string> flags;  // by flag name, as in setting_rows()
};

// Prints errors to stderr. SIGHUP reloads the configuration (an invalid one changes nothing); SIGTERM and SIGINT stop
// in order; a second one stops at once.
int serve(const ServeOptions& options);

}  // namespace sluice::cli
