// credential_process of a profile: a program that prints credentials.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aws/sts.h"

namespace sluice::aws {

// Words by spaces, with "double" and 'single' quotes and backslashes as in a shell, nothing else of it. An error for a
// quote that is not closed.
Result<std::vector<std::string>> split_command(std::string_view command);

// Runs the command without a shell and reads what it prints until it ends, even if a child of it holds its output open;
// ends it after `timeout_ms`, and in any case what it left running in its process group. Its output is in no message;
// the first line of its standard error is, when it fails.
CredentialsResult<Credentials> credentials_of_process(const std::string& command, std::int64_t timeout_ms);

}  // namespace sluice::aws
