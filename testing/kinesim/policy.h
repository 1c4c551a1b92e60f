// IAM policies as far as the simulator needs them: statements of effect, actions and resources, with * and ? in both.
// Conditions are not evaluated; a statement with one is refused when it is read, so that no test passes by oversight.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kinesim {

struct Statement {
  bool allow = true;
  std::vector<std::string> actions;    // "kinesis:PutRecords", "kinesis:*", "*"
  std::vector<std::string> resources;  // ARNs
};

enum class Verdict { allowed, not_allowed, denied };

struct Policy {
  std::vector<Statement> statements;
  // `denied`: an explicit Deny matches, which beats any Allow. Actions are compared without regard to case.
  Verdict judge(std::string_view action, std::string_view resource) const;
};

// A policy document in JSON.
sluice::Result<Policy> parse_policy(std::string_view json);

// `pattern` with * (any run) and ? (any one character).
bool matches_glob(std::string_view pattern, std::string_view text, bool ignore_case);

}  // namespace kinesim
