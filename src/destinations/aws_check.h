// The steps of a check that every destination in AWS has: Sluice's identity, the role, its external id, and the clock.
// They make the same calls as delivery. Blocks; not on the transport's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aws/sts.h"
#include "destinations/aws_access.h"
#include "destinations/check.h"
#include "destinations/credentials_problems.h"
#include "export/health.h"

namespace sluice::destinations {

// One that is skipped, for an earlier step failed, until something else is reported.
CheckStep check_step(const char* name, const char* title);
void fail_step(CheckStep& step, exporting::Problem problem);
void report_step(CheckStep& step, CheckStatus status, std::string message, std::string remedy = {});

class AwsCheck {
 public:
  // `role`: without an ARN, Sluice's own identity is used. References live longer than this.
  AwsCheck(const AwsParts& parts, aws::AssumeRole role, std::string region, std::string sts_endpoint)
      : parts_(parts), role_(std::move(role)), region_(std::move(region)), sts_endpoint_(std::move(sts_endpoint)) {
    caller_ = {role_.role_arn, role_.external_id, ""};
  }

  // "credentials", "assumeRole", "externalId". `fault`: why nothing may be called; empty: it may.
  void run(const std::string& fault, std::vector<CheckStep>& steps);
  // What would call; nothing: it cannot.
  const std::optional<aws::Credentials>& as() const { return as_; }
  const CallerFacts& caller() const { return caller_; }
  // "clock", of an answer's offset; nothing: none came.
  static CheckStep clock(const std::optional<std::int64_t>& offset_ms, std::string_view whose);

 private:
  CheckStep credentials(const std::string& fault);
  CheckStep assume_role();
  CheckStep external_id();
  std::string trust_policy() const;

  const AwsParts& parts_;
  const aws::AssumeRole role_;
  const std::string region_, sts_endpoint_;
  CallerFacts caller_;
  std::optional<aws::StsClient> sts_;
  std::shared_ptr<const aws::Credentials> own_;
  std::optional<aws::Credentials> as_;
};

}  // namespace sluice::destinations
