// What the simulator is given: streams, identities, roles, permissions and faults, from a file (TOML or JSON) or
// through the control API, in one shape. README.md lists the fields.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kinesim/simulator.h"

namespace kinesim {

// Reads a .toml or .json file.
sluice::Result<nlohmann::json> read_config_file(const std::string& path);

// Settings that are fixed when the simulator is made: account, region, limits, metadata, authentication.
sluice::Result<void> read_settings(const nlohmann::json& config, SimulatorSettings& settings);

// Adds or replaces the streams, identities, roles and faults of `config`.
sluice::Result<void> apply_config(const nlohmann::json& config, Simulator& simulator);

sluice::Result<FaultRule> read_fault(const nlohmann::json& json, std::int64_t now_ms);
nlohmann::json fault_json(const FaultRule& rule);

}  // namespace kinesim
