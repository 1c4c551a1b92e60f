// A configuration of ld-relay: what its file and its environment variables say. As in ld-relay, variables win over the
// file. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/fault.h"
#include "ld_relay/setting_table.h"

namespace sluice::ld_relay {

struct GivenSetting {
  const Setting* setting;
  std::vector<std::string>
      values;         // in the file a setting may come several times; the last one counts, or all of a list
  std::string place;  // "ld-relay.conf, line 7, [Main] port" or "variable PORT"

  const std::string& value() const { return values.back(); }
};

// By the setting's name in lower case.
using GivenSettings = std::map<std::string, GivenSetting, std::less<>>;

struct RelayConfig {
  std::map<std::string, GivenSettings, std::less<>> sections;      // by name in lower case, without those below
  std::map<std::string, GivenSettings, std::less<>> environments;  // by name as written
  std::map<std::string, GivenSettings, std::less<>> filters;       // by project key
  std::vector<std::string> without_environment;  // variables of an environment that is not there; ld-relay skips them

  // Null: it was not given.
  const GivenSetting* find(std::string_view section, std::string_view name) const;
};

using Variables = std::vector<std::pair<std::string, std::string>>;

// What is no setting of ld-relay, or stands where it cannot, is a fault. `name` is what faults call the file.
void read_relay_file(std::string_view text, const std::string& name, RelayConfig& config, config::ConfigFaults& faults);
// Variables that are not ld-relay's are skipped, and so are empty ones. Variables of an environment count when its
// LD_ENV_… is there, or the file names it.
void read_relay_variables(const Variables& variables, RelayConfig& config);

// As ld-relay reads a switch: nothing if it is neither.
std::optional<bool> read_switch(std::string_view text);

}  // namespace sluice::ld_relay
