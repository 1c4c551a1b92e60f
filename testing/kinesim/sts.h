// AWS Security Token Service, query protocol: AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
#pragma once

#include <map>
#include <string>

#include "kinesim/simulator.h"

namespace kinesim {

using Form = std::map<std::string, std::string, std::less<>>;

struct StsCall {
  const Form& form;
  const Principal* caller;  // none for AssumeRoleWithWebIdentity, which is not signed
  std::string request_id;
  std::int64_t now_ms;
};

bool sts_needs_signature(std::string_view action);
// The XML answer.
ApiResult<std::string> run_sts(Simulator& simulator, const StsCall& call);

}  // namespace kinesim
