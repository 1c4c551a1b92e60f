// The policies that AWS needs for a destination, filled in, for people to paste.
#pragma once

#include <string>
#include <string_view>

namespace sluice::kinesis {

// For the role (or identity) that puts: putting, and the two optional actions by which Sluice learns of shards.
std::string permission_policy(std::string_view stream_arn);
// For a stream in another account, attached to the stream: who may put into it.
std::string stream_resource_policy(std::string_view principal_arn, std::string_view stream_arn);

// The session policy that limits a role to putting into one stream: at most what the role allows, and nothing beside
// the stream.
std::string session_policy_for_stream(std::string_view stream_arn);

}  // namespace sluice::kinesis
