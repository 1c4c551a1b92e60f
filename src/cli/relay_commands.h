// sluice relay import: a configuration of ld-relay as one of Sluice. It asks no server. `sluice serve` reads such a
// configuration in the same way.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>

#include "config/fault.h"
#include "ld_relay/sluice_config.h"

namespace sluice::cli {

// Where ld-relay's configuration is: a file, the variables of this process, or both.
struct LdRelaySource {
  std::optional<std::string> file;
  bool variables = false;
  bool is_given() const { return file.has_value() || variables; }
  // For messages and the first line of what is written.
  std::string name() const;
};

ld_relay::SluiceConfig read_ld_relay(const LdRelaySource& source, config::ConfigFaults& faults);

void add_relay_commands(CLI::App& app, std::function<int()>& chosen);

}  // namespace sluice::cli
