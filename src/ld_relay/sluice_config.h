// A configuration of ld-relay as one of Sluice: the same environments under the same keys on the same port, and, if it
// forwarded events, a destination that does. docs/ld-relay.md. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/fault.h"
#include "ld_relay/relay_config.h"

namespace sluice::ld_relay {

// What was not imported.
struct Note {
  bool to_do = false;  // a person has to look at it; else it is ignored
  std::string place, text;
};

struct SluiceConfig {
  std::string toml;
  std::vector<Note> notes;  // to do first
};

// What Sluice does not do, and what ld-relay would not accept, is a fault; then nothing of the result is to be used.
// `name` is what the first line says that it comes from.
SluiceConfig sluice_config_of(const RelayConfig& config, std::string_view name, config::ConfigFaults& faults);

}  // namespace sluice::ld_relay
