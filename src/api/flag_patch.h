// What a PATCH of a flag switches: by a semantic patch ({"environmentKey","instructions"}), or by a patch of the flag
// as it is shown (api/rest_patch.h), of which nothing but /environments/{key}/trackEvents can be changed.
#pragma once

#include <map>
#include <string>

#include "api/rest_call.h"

namespace sluice::api {

struct FlagSwitches {
  std::map<std::string, bool> by_environment;  // by key; those that are to change
  std::string comment;
};

// `flag`: as it is shown.
RestResult<FlagSwitches> flag_switches(const nlohmann::json& flag, const RestCall& call);

}  // namespace sluice::api
