// The ARN and the name of a data stream.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::kinesis {

struct StreamArn {
  std::string partition;
  std::string region;
  std::string account;  // 12 digits
  std::string stream_name;
  std::string text() const;
};

// arn:{partition}:kinesis:{region}:{account}:stream/{name}
Result<StreamArn> parse_stream_arn(std::string_view text);
// 1..128 of a-zA-Z0-9_.-
Result<void> check_stream_name(std::string_view name);

}  // namespace sluice::kinesis
