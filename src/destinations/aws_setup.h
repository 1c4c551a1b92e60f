// What people set up for every destination in AWS: the form's fields of the role, and the documents about it. Pure; any
// thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "destinations/form.h"

namespace sluice::destinations {

// roleArn and externalId. `to_do`: what the role is for, "write to the stream".
std::vector<FormField> aws_role_fields(std::string_view group, std::string_view to_do);

// For the role: who may assume it, as JSON. `principal`: the ARN that Sluice runs as; empty: not known yet, and
// ACCOUNT_ID and THE_ROLE_THAT_SLUICE_RUNS_AS are in its place.
std::string aws_trust_policy(std::string_view principal, std::string_view external_id);

// The permission policy with the trust policy of the role and the policy that lets Sluice assume it. A draft gets a
// trust policy before it has a role: the role is created with it.
nlohmann::ordered_json aws_documents(const std::string& permission_policy, const std::string& role_arn,
                                     const std::string& external_id, const std::string& principal, bool draft);

}  // namespace sluice::destinations
