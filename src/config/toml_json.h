// TOML as JSON and back, for catalogs that are carried between configuration files and the REST API.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::config {

// `name` is what an error calls the text; it names the line.
Result<nlohmann::json> json_of_toml(std::string_view text, const std::string& name);
// Of an object of texts, numbers, booleans, lists and objects: what TOML has. Top-level lists of objects become
// [[name]] tables, in the object's order.
std::string toml_of_json(const nlohmann::ordered_json& object);

}  // namespace sluice::config
