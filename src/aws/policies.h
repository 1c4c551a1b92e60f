// The policies that roles and identities need whatever a destination's kind is, filled in, for people to paste.
#pragma once

#include <string>
#include <string_view>

namespace sluice::aws {

// For the role: who may assume it. An empty external id leaves the condition out.
std::string trust_policy(std::string_view principal_arn, std::string_view external_id);
// For the identity that Sluice runs as: that it may assume the role.
std::string assume_role_policy(std::string_view role_arn);
// The statement to add for what is encrypted with a key of the customer's.
std::string key_statement(std::string_view key_arn);

}  // namespace sluice::aws
