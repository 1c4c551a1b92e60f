// Reads the fields of one project, environment, flag or destination, and notes every fault at its field. The same for
// what a configuration file declares and for what the REST API is sent, so that what is good in one is good in the
// other. Whether keys and ids are taken, and whether what is named exists, is its callers'.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/destination_kinds.h"
#include "catalog/snapshot.h"
#include "config/toml_table.h"

namespace sluice::catalog {

inline constexpr std::size_t kMaxKeyBytes = 256;  // of projects and environments

// What is wrong with the name of a project, an environment, a destination or a token; empty: nothing.
std::string fault_of_name(std::string_view name);
bool is_catalog_key(std::string_view key);
// `key`, required.
std::string read_catalog_key(config::TomlTable& table, std::string_view example);
// `id`; nothing when it is not there, or is none.
std::optional<ObjectId> read_id(config::TomlTable& table);

Project read_project_fields(config::TomlTable& table);
// Why no SDK could ever send this key, so that it would match nothing; empty: it can. For new keys.
std::string fault_of_key(std::string_view key);
Environment read_environment_fields(config::TomlTable& table);  // `project` included
DeclaredFlag read_flag_fields(config::TomlTable& table);        // but for `project`, `environment` and `key`
// `project` and `environment` included, as keys.
Destination read_destination_fields(config::TomlTable& table, const DestinationKinds& kinds);

}  // namespace sluice::catalog
