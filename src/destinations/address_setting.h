// The addresses among a destination's settings, as kinds read them.
#pragma once

#include <string>
#include <string_view>

#include "config/toml_table.h"

namespace sluice::destinations {

// `address`, which is at `key`, with its scheme in lower case, as all that looks at it expects. What later rules refuse
// is noted: a host that no name can be.
std::string used_address(config::TomlTable& table, const std::string& key, std::string address);
// Reads one that is optional: empty when there is none. An empty text is refused.
std::string read_address(config::TomlTable& table, const std::string& key, std::string_view expected,
                         std::string_view example);

}  // namespace sluice::destinations
