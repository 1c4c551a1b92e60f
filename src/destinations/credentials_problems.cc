#include "destinations/credentials_problems.h"

#include <fmt/format.h>

#include <cstdlib>

#include "aws/policies.h"
#include "base/text.h"

namespace sluice::destinations {
namespace {

// STS refuses the role that the destination names.
void refused_role(const aws::CredentialsError& error, const CallerFacts& caller, exporting::Problem& problem) {
  problem.message = fmt::format("AWS refused to let Sluice assume {}. AWS says: {}", caller.role_arn, error.message);
  if (!error.code.starts_with("AccessDenied")) {
    problem.remedy = error.remedy.empty() ? "Check the destination's role and external id." : error.remedy;
    return;
  }
  const std::string identity = caller.identity.empty() ? "ARN_OF_SLUICES_IDENTITY" : caller.identity;
  // AWS names the policy that lacks the permission, where it may.
  if (error.message.find("identity-based policy") != std::string::npos) {
    problem.remedy =
        fmt::format("The identity that Sluice runs as{}{} lacks sts:AssumeRole. Attach this to it:\n{}",
                    caller.identity.empty() ? "" : ", ", caller.identity, aws::assume_role_policy(caller.role_arn));
    return;
  }
  problem.remedy = fmt::format(
      "Its trust policy must name the identity that Sluice runs as{}{}:\n{}\nIf it does, that identity may "
      "lack sts:AssumeRole:\n{}\nAWS needs up to a minute until a new role works everywhere.",
      caller.identity.empty() ? "" : ", " + caller.identity,
      caller.external_id.empty() ? "" : ", and the external id " + caller.external_id,
      aws::trust_policy(identity, caller.external_id), aws::assume_role_policy(caller.role_arn));
}

constexpr const char* kProvideIdentity =
    "Provide one: a role of the instance, task or pod, an AWS profile, or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY in its environment.";

}  // namespace

exporting::Problem problem_of_credentials(const aws::CredentialsError& error, const CallerFacts& caller) {
  using Kind = aws::CredentialsError::Kind;
  exporting::Problem problem{exporting::Problem::Weight::setup, error.code, error.message, error.remedy,
                             error.request_id};
  const auto by_default = [&](const char* code, const char* remedy) {
    if (problem.code.empty()) problem.code = code;
    if (problem.remedy.empty()) problem.remedy = remedy;
  };
  switch (error.kind) {
    case Kind::none_found:
      by_default("no_credentials", kProvideIdentity);
      break;
    case Kind::denied:
      by_default("credentials_denied", "Check the credentials source that the message names.");
      break;
    case Kind::unreachable:
      problem.weight = exporting::Problem::Weight::transient;
      by_default("credentials_unreachable",
                 "Check the connection to AWS STS or the source that the message names. Sluice keeps retrying.");
      break;
    case Kind::invalid:
      by_default("credentials_invalid", "Fix the source that the message names: it must return AWS credentials.");
      break;
  }
  if (error.of_role && error.code.empty()) {
    problem.remedy = "Fix the destination's role or external id.";
  } else if (error.of_role) {
    refused_role(error, caller, problem);
  } else if (!caller.role_arn.empty() && error.kind != Kind::unreachable) {
    if (!problem.message.ends_with('.')) problem.message += '.';
    problem.message += " The destination's role is not the problem.";
  }
  if (error.passing) problem.weight = exporting::Problem::Weight::transient;
  return problem;
}

exporting::Problem note_of_credentials(const aws::CredentialsNote& note) {
  return {exporting::Problem::Weight::note, note.code, note.message, note.remedy, ""};
}

exporting::Problem note_of_clock(std::int64_t offset_ms) {
  exporting::Problem note{exporting::Problem::Weight::note, "clock_skew", "", "", ""};
  note.message = fmt::format("This machine's clock is {} {} AWS's. Corrected for signing.",
                             human_duration_ms(std::abs(offset_ms)), offset_ms > 0 ? "behind" : "ahead of");
  note.remedy = "Set the clock and synchronize it with NTP.";
  return note;
}

exporting::Problem problem_of_slow_credentials(std::int64_t for_ms, const CallerFacts& caller) {
  return problem_of_credentials(
      {aws::CredentialsError::Kind::unreachable, "credentials_slow",
       "AWS credentials have not arrived for " + human_duration_ms(for_ms) +
           ": neither an answer nor an error came from AWS STS or from the source of Sluice's own credentials.",
       ""},
      caller);
}

}  // namespace sluice::destinations
