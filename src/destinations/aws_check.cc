#include "destinations/aws_check.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "aws/endpoints.h"
#include "aws/policies.h"
#include "destinations/blocked_sink.h"

namespace sluice::destinations {
namespace {

// For Sluice's own credentials, when they were not asked for before.
constexpr std::chrono::seconds kOwnCredentialsAtMost{10};

}  // namespace

CheckStep check_step(const char* name, const char* title) {
  return {name, title, CheckStatus::skipped, "Skipped: an earlier step failed.", "", "", "", ""};
}

void fail_step(CheckStep& step, exporting::Problem problem) {
  step.status = CheckStatus::failed;
  step.message = std::move(problem.message);
  step.remedy = std::move(problem.remedy);
  step.code = std::move(problem.code);
  step.request_id = std::move(problem.request_id);
}

void report_step(CheckStep& step, CheckStatus status, std::string message, std::string remedy) {
  step.status = status;
  step.message = std::move(message);
  step.remedy = std::move(remedy);
}

void AwsCheck::run(const std::string& fault, std::vector<CheckStep>& steps) {
  steps.push_back(credentials(fault));
  steps.push_back(assume_role());
  steps.push_back(external_id());
}

std::string AwsCheck::trust_policy() const {
  return aws::trust_policy(caller_.identity.empty() ? "ARN_OF_SLUICES_IDENTITY" : caller_.identity, role_.external_id);
}

CheckStep AwsCheck::credentials(const std::string& fault) {
  CheckStep step = check_step("credentials", "Sluice's AWS identity");
  const auto sts = aws::sts_endpoint({region_, false, false, sts_endpoint_}, parts_.environment);
  if (!fault.empty() || !sts) {
    fail_step(step, problem_of_settings(fault.empty() ? sts.error().message : fault));
    return step;
  }
  sts_.emplace(parts_.transport, parts_.clock, *sts, region_);
  parts_.own_credentials->await_first_answer(kOwnCredentialsAtMost);
  own_ = parts_.own_credentials->current();
  if (!own_) {
    const auto error = parts_.own_credentials->error();
    // It is not the role that failed.
    fail_step(step, problem_of_credentials(error ? *error
                                                 : aws::CredentialsError{aws::CredentialsError::Kind::unreachable, "",
                                                                         "AWS credentials did not arrive in time.", ""},
                                           {}));
    return step;
  }
  const auto who = sts_->get_caller_identity(*own_);
  if (!who) {
    report_step(step, CheckStatus::unknown,
                fmt::format("Credentials found, from {}, but AWS did not return their identity: {}", own_->source,
                            who.error().message));
  } else {
    caller_.identity = aws::principal_of(who->arn);
    report_step(step, CheckStatus::ok,
                fmt::format("Sluice runs as {}, with credentials from {}.", caller_.identity, own_->source));
  }
  if (role_.role_arn.empty()) as_ = *own_;
  return step;
}

CheckStep AwsCheck::assume_role() {
  CheckStep step = check_step("assumeRole", "Assume the role");
  if (!own_) return step;
  if (role_.role_arn.empty()) {
    report_step(step, CheckStatus::skipped, "No role is set: Sluice uses its own identity.");
    return step;
  }
  auto assumed = sts_->assume_role(*own_, role_);
  if (!assumed) {
    fail_step(step, problem_of_credentials(assumed.error(), caller_));
    if (assumed.error().of_role) step.policy = trust_policy();
    return step;
  }
  as_ = std::move(*assumed);
  report_step(step, CheckStatus::ok, fmt::format("Sluice may assume {}.", role_.role_arn));
  return step;
}

CheckStep AwsCheck::external_id() {
  CheckStep step = check_step("externalId", "External id");
  if (!as_) return step;
  if (role_.role_arn.empty()) {
    report_step(step, CheckStatus::skipped, "No role is set, so no external id is used.");
    return step;
  }
  if (role_.external_id.empty()) {
    report_step(step, CheckStatus::skipped,
                "None is set. Set one if people other than the role's owner can configure Sluice.");
    return step;
  }
  aws::AssumeRole without = role_;
  without.external_id.clear();
  const auto assumed = sts_->assume_role(*own_, without);
  if (assumed) {
    report_step(step, CheckStatus::warning,
                fmt::format("The role can be assumed without the external id: anyone who may act as {} could use it.",
                            caller_.identity.empty() ? "Sluice's identity" : caller_.identity),
                "Add the condition to the role's trust policy.");
    step.policy = trust_policy();
  } else if (assumed.error().kind == aws::CredentialsError::Kind::denied) {
    report_step(step, CheckStatus::ok, "The role cannot be assumed without the external id.");
  } else {
    report_step(step, CheckStatus::unknown, fmt::format("Could not be checked: {}", assumed.error().message));
  }
  return step;
}

CheckStep AwsCheck::clock(const std::optional<std::int64_t>& offset_ms, std::string_view whose) {
  CheckStep step = check_step("clock", "This machine's clock");
  constexpr std::int64_t kNotable = 30'000;
  if (!offset_ms) {
    report_step(step, CheckStatus::unknown, fmt::format("Not checked: {} was not reached.", whose));
  } else if (*offset_ms > -kNotable && *offset_ms < kNotable) {
    report_step(step, CheckStatus::ok, "The clock agrees with AWS's.");
  } else {
    exporting::Problem note = note_of_clock(*offset_ms);
    report_step(step, CheckStatus::warning, std::move(note.message), std::move(note.remedy));
    step.code = note.code;
  }
  return step;
}

}  // namespace sluice::destinations
