// Amazon Resource Names of roles and streams. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::aws {

struct StreamArn {
  std::string partition;
  std::string region;
  std::string account;  // 12 digits
  std::string stream_name;
  std::string text() const;
};

struct RoleArn {
  std::string partition;
  std::string account;    // 12 digits
  std::string role_path;  // "/" or "/team/": begins and ends with a slash
  std::string role_name;
  std::string text() const;
};

// arn:{partition}:kinesis:{region}:{account}:stream/{name}
Result<StreamArn> parse_stream_arn(std::string_view text);
// arn:{partition}:iam::{account}:role/{path}{name}
Result<RoleArn> parse_role_arn(std::string_view text);

// 1..128 of a-zA-Z0-9_.-
Result<void> check_stream_name(std::string_view name);
// 2..1224 of the characters that STS accepts
Result<void> check_external_id(std::string_view external_id);
// A valid STS session name: other characters become '-', at most 64, at least 2.
std::string session_name_from(std::string_view text);

}  // namespace sluice::aws
