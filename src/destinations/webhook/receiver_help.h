// What the owner of a receiver needs: a program that verifies signatures, to run or to copy from.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"

namespace sluice::webhook {

// A receiver for Node without packages, for the format and compression of these settings. It reads its secrets from
// WEBHOOK_SECRETS and its port from PORT.
std::string receiver_program(bool is_array, std::string_view compression);

// `receiver`, `verify` and, for a draft, a new `signingSecret`, from the API's `config`. An error names the member that
// is wrong.
Result<nlohmann::ordered_json> receiver_help(const nlohmann::json& config, bool draft);

}  // namespace sluice::webhook
