// Translates what fails about AWS credentials into messages and remedies for people, with the user's own values. Each
// function is one row, or some, of docs/states-and-remedies.md.
#pragma once

#include <cstdint>
#include <string>

#include "aws/credentials.h"
#include "export/health.h"

namespace sluice::destinations {

// Who calls AWS for a destination. Empty: not known.
struct CallerFacts {
  std::string role_arn;  // empty: Sluice uses its own identity
  std::string external_id;
  std::string identity;  // ARN that Sluice runs as
};

// `since_ms` and the like are left to the caller.
exporting::Problem problem_of_credentials(const aws::CredentialsError& error, const CallerFacts& caller);
// Neither credentials nor an error came.
exporting::Problem problem_of_slow_credentials(std::int64_t for_ms, const CallerFacts& caller);
exporting::Problem note_of_credentials(const aws::CredentialsNote& note);
exporting::Problem note_of_clock(std::int64_t offset_ms);

}  // namespace sluice::destinations
