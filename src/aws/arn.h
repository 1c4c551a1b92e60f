// Amazon Resource Names. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::aws {

struct RoleArn {
  std::string partition;
  std::string account;    // 12 digits
  std::string role_path;  // "/" or "/team/": begins and ends with a slash
  std::string role_name;
  std::string text() const;
};

// What an ARN of one kind of resource must be like, for parse_arn().
struct ArnForm {
  std::string_view what;     // "Kinesis data stream"
  std::string_view service;  // as the ARN's third part names it
  std::string_view example;  // a whole one
};
// The parts of one, which point into the text.
struct ArnParts {
  std::string_view partition, region, account, resource;
};
// Its partition, service and account are checked; region and resource are the caller's.
Result<ArnParts> parse_arn(std::string_view text, const ArnForm& form);
bool is_region_of_partition(const ArnParts& arn);
// "'…' is not the ARN of a role: its … . Expected the form …"
Error arn_error(std::string_view text, const ArnForm& form, std::string_view why);

// arn:{partition}:iam::{account}:role/{path}{name}
Result<RoleArn> parse_role_arn(std::string_view text);

// Whether all of it are letters, digits (ASCII) or among `also`.
bool has_only(std::string_view text, std::string_view also);
// For messages: quoted, cut short, without control characters.
std::string shown_name(std::string_view text);

// 2..1224 of the characters that STS accepts
Result<void> check_external_id(std::string_view external_id);
// A valid STS session name: other characters become '-', at most 64, at least 2.
std::string session_name_from(std::string_view text);

}  // namespace sluice::aws
