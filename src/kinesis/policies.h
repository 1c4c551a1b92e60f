// The policies that AWS needs for a destination, filled in, for people to paste.
#pragma once

#include <string>
#include <string_view>

namespace sluice::kinesis {

// For the role (or identity) that puts: putting, and the two optional actions by which Sluice learns of shards.
std::string permission_policy(std::string_view stream_arn);
// For the role: who may assume it. An empty external id leaves the condition out.
std::string trust_policy(std::string_view principal_arn, std::string_view external_id);
// For the identity that Sluice runs as: that it may assume the role.
std::string assume_role_policy(std::string_view role_arn);
// For a stream in another account, attached to the stream: who may put into it.
std::string stream_resource_policy(std::string_view principal_arn, std::string_view stream_arn);
// The statement to add for a stream that is encrypted with a key of the customer's.
std::string key_statement(std::string_view key_arn);

}  // namespace sluice::kinesis
