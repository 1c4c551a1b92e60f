#include "destinations/kinesis/destination_check.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "aws/clock_skew.h"
#include "aws/endpoints.h"
#include "aws/policies.h"
#include "aws/sha256.h"
#include "aws/sigv4.h"
#include "aws/sts.h"
#include "base/text.h"
#include "destinations/blocked_sink.h"
#include "destinations/kinesis/destination_facts.h"
#include "destinations/kinesis/policies.h"
#include "destinations/kinesis/put_records_request.h"
#include "destinations/kinesis/shard_map.h"
#include "destinations/kinesis/stream_watch.h"
#include "http_client/blocking_http.h"

namespace sluice::kinesis {
namespace {

using destinations::CheckStatus;
using destinations::CheckStep;
using destinations::problem_of_settings;

// For Sluice's own credentials, when they were not asked for before.
constexpr std::chrono::seconds kOwnCredentialsAtMost{10};
constexpr std::int64_t kDescribeTimeoutMs = 15'000;

class Check {
 public:
  Check(const catalog::Destination& destination, const KinesisParts& parts,
        const std::function<exporting::TestEventOutcome()>& put)
      : destination_(destination), parts_(parts), put_(put), settings_(settings_of(destination)) {
    complete_by_arn(settings_);
  }

  std::vector<CheckStep> run() {
    credentials();
    assume_role();
    external_id();
    stream();
    put();
    encryption();
    record_limit();
    clock();
    return std::move(steps_);
  }

 private:
  CheckStep& step(const char* name, const char* title) {
    steps_.push_back({name, title, CheckStatus::skipped, "Skipped: an earlier step failed.", "", "", "", ""});
    return steps_.back();
  }
  static void fail(CheckStep& step, exporting::Problem problem) {
    step.status = CheckStatus::failed;
    step.message = std::move(problem.message);
    step.remedy = std::move(problem.remedy);
    step.code = std::move(problem.code);
    step.request_id = std::move(problem.request_id);
  }
  static void report(CheckStep& step, CheckStatus status, std::string message, std::string remedy = {}) {
    step.status = status;
    step.message = std::move(message);
    step.remedy = std::move(remedy);
  }
  std::string identity_name() const {
    return settings_.role_arn.empty() ? "Sluice's own identity" : settings_.role_arn;
  }

  void credentials() {
    CheckStep& step = this->step("credentials", "Sluice's AWS identity");
    if (const std::string reason = forbidden_endpoint(settings_, parts_); !reason.empty())
      return fail(step, problem_of_settings(reason));
    const aws::EndpointSettings at{settings_.region, false, false, settings_.endpoint};
    const auto endpoint = aws::service_endpoint("kinesis", at, parts_.environment);
    const auto sts = aws::sts_endpoint({settings_.region, false, false, settings_.sts_endpoint}, parts_.environment);
    if (!endpoint) return fail(step, problem_of_settings(endpoint.error().message));
    if (!sts) return fail(step, problem_of_settings(sts.error().message));
    endpoint_ = *endpoint;
    facts_ = facts_of(settings_, endpoint_);
    sts_.emplace(parts_.transport, parts_.clock, *sts, settings_.region);
    parts_.own_credentials->await_first_answer(kOwnCredentialsAtMost);
    own_ = parts_.own_credentials->current();
    if (!own_) {
      auto error = parts_.own_credentials->error();
      facts_.role_arn.clear();  // it is not the role that failed
      fail(step, problem_of_credentials(error ? *error
                                              : aws::CredentialsError{aws::CredentialsError::Kind::unreachable, "",
                                                                      "AWS credentials did not arrive in time.", ""},
                                        facts_));
      return;
    }
    const auto who = sts_->get_caller_identity(*own_);
    if (!who) {
      report(step, CheckStatus::unknown,
             fmt::format("Credentials found, from {}, but AWS did not return their identity: {}", own_->source,
                         who.error().message));
    } else {
      facts_.identity = aws::principal_of(who->arn);
      report(step, CheckStatus::ok,
             fmt::format("Sluice runs as {}, with credentials from {}.", facts_.identity, own_->source));
    }
    if (settings_.role_arn.empty()) as_ = *own_;
  }

  void assume_role() {
    CheckStep& step = this->step("assumeRole", "Assume the role");
    if (!own_) return;
    if (settings_.role_arn.empty())
      return report(step, CheckStatus::skipped, "No role is set: Sluice uses its own identity.");
    auto assumed = sts_->assume_role(*own_, role_of(destination_, settings_.region));
    if (!assumed) {
      fail(step, problem_of_credentials(assumed.error(), facts_));
      if (assumed.error().of_role)
        step.policy = aws::trust_policy(facts_.identity.empty() ? "ARN_OF_SLUICES_IDENTITY" : facts_.identity,
                                        settings_.external_id);
      return;
    }
    as_ = std::move(*assumed);
    report(step, CheckStatus::ok, fmt::format("Sluice may assume {}.", settings_.role_arn));
  }

  void external_id() {
    CheckStep& step = this->step("externalId", "External id");
    if (!as_) return;
    if (settings_.role_arn.empty())
      return report(step, CheckStatus::skipped, "No role is set, so no external id is used.");
    if (settings_.external_id.empty())
      return report(step, CheckStatus::skipped,
                    "None is set. Set one if people other than the role's owner can configure Sluice.");
    aws::AssumeRole without = role_of(destination_, settings_.region);
    without.external_id.clear();
    const auto assumed = sts_->assume_role(*own_, without);
    if (assumed) {
      report(step, CheckStatus::warning,
             fmt::format("The role can be assumed without the external id: anyone who may act as {} could use it.",
                         facts_.identity.empty() ? "Sluice's identity" : facts_.identity),
             "Add the condition to the role's trust policy.");
      step.policy = aws::trust_policy(facts_.identity.empty() ? "ARN_OF_SLUICES_IDENTITY" : facts_.identity,
                                      settings_.external_id);
    } else if (assumed.error().kind == aws::CredentialsError::Kind::denied) {
      report(step, CheckStatus::ok, "The role cannot be assumed without the external id.");
    } else {
      report(step, CheckStatus::unknown, fmt::format("Could not be checked: {}", assumed.error().message));
    }
  }

  http_client::HttpResponse asked(const StreamWatch::Request& question, const aws::ClockSkew& skew) {
    http_client::HttpRequest request;
    request.url = endpoint_ + "/";
    request.headers = {{"content-type", "application/x-amz-json-1.1"},
                       {"x-amz-target", fmt::format("Kinesis_20131202.{}", question.operation)}};
    request.body = question.body;
    request.timeout_ms = kDescribeTimeoutMs;
    aws::SigningKeyCache keys;
    aws::sign_request(request, aws::sha256_hex(request.body),
                      {"kinesis", settings_.region, skew.corrected_ms(parts_.clock.wall_ms())}, *as_, keys);
    return http_client::send_and_wait(parts_.transport, std::move(request));
  }

  void stream() {
    CheckStep& step = this->step("stream", "Stream");
    if (!as_) return;
    const StreamWatch watch(settings_.stream_arn, settings_.stream_name, {});
    aws::ClockSkew skew;
    http_client::HttpResponse response = asked(watch.next_request(), skew);
    clock_offset_ms_ = aws::clock_offset_ms(response, parts_.clock.wall_ms());
    if (response.status == 400 || response.status == 403) {
      const destinations::CallError error = call_error(response);
      if (aws::is_clock_skew_error(error.code, error.message) && skew.learn(response, parts_.clock.wall_ms()))
        response = asked(watch.next_request(), skew);
    }
    if (response.fault != http_client::TransportFault::none || response.status != 200) {
      const destinations::CallError error = call_error(response);
      if (error.code.starts_with("AccessDenied")) {
        exporting::Problem note = note_of_describing(error, facts_);
        report(step, CheckStatus::unknown,
               fmt::format("{} may not describe stream {}.", identity_name(), settings_.stream_name),
               std::move(note.remedy));
        step.code = error.code;
        step.request_id = error.request_id;
        step.policy = permission_policy(facts_.stream_arn);
        return;
      }
      fail(step, problem_of_call(error, classify(error.fault, error.status, error.code, error.message), facts_));
      blocked_ = error.code.starts_with("ResourceNotFound") || error.fault != http_client::TransportFault::none;
      return;
    }
    auto summary = parse_stream_summary(response.body);
    if (!summary) return report(step, CheckStatus::unknown, summary.error().message);
    summary_ = std::move(*summary);
    facts_.key_id = summary_->key_id;
    if (summary_->status == "CREATING" || summary_->status == "DELETING") {
      blocked_ = true;
      return fail(step, problem_of_stream_status(summary_->status, facts_));
    }
    report(step, CheckStatus::ok,
           fmt::format("{} is {}, {} with {} open shard{}.", settings_.stream_name,
                       summary_->status == "ACTIVE" ? "active" : summary_->status,
                       summary_->on_demand ? "on-demand" : "provisioned", grouped(summary_->open_shards),
                       summary_->open_shards == 1 ? "" : "s"));
  }

  void put() {
    CheckStep& step = this->step("put", "Put a record");
    if (!as_ || blocked_) return;
    outcome_ = put_();
    if (outcome_->delivered) {
      const std::string where = outcome_->receipt ? " in " + outcome_->receipt->text : std::string();
      return report(step, CheckStatus::ok,
                    fmt::format("The test event {} is in the stream{}.", exporting::kTestEventKey, where));
    }
    if (outcome_->problem) {
      fail(step, *outcome_->problem);
      if (step.code.starts_with("AccessDenied")) step.policy = permission_policy(facts_.stream_arn);
    } else if (outcome_->refused) {
      report(step, CheckStatus::failed, outcome_->refused->reason);
      step.code = outcome_->refused->code;
    } else {
      report(step, CheckStatus::unknown, "AWS did not answer in time.", "Try again; check the network and the proxy.");
    }
  }

  void encryption() {
    CheckStep& step = this->step("encryption", "Encryption");
    if (!outcome_ && !summary_) return;
    const std::string key = summary_ ? summary_->key_id : std::string();
    const bool kms_failed = outcome_ && outcome_->problem && outcome_->problem->code.starts_with("KMS");
    if (kms_failed) {
      fail(step, *outcome_->problem);
      step.policy = aws::key_statement(key.starts_with("arn:") ? key : "arn:aws:kms:…:key/…");
    } else if (summary_ && key.empty()) {
      report(step, CheckStatus::ok, "The stream is not encrypted with a KMS key.");
    } else if (outcome_ && outcome_->delivered) {
      report(step, CheckStatus::ok,
             key.empty() ? "If the stream is encrypted, its key is usable." : fmt::format("{} is usable.", key));
    } else {
      report(step, CheckStatus::unknown,
             key.empty() ? "The stream could not be described."
                         : fmt::format("The stream is encrypted with {}; putting a record shows "
                                       "whether it is usable.",
                                       key));
    }
  }

  void record_limit() {
    CheckStep& step = this->step("recordLimit", "Record size");
    if (!as_ || blocked_) return;
    const std::uint64_t described = summary_ ? summary_->max_record_bytes : 0;
    const std::uint64_t limit = described > 0 ? described : kDefaultMaxRecordBytes;
    report(
        step, described > 0 ? CheckStatus::ok : CheckStatus::unknown,
        fmt::format("{} {} per record. Larger events are stored as dead letters.",
                    described > 0 ? "The stream accepts" : "The stream's limit is not known; unless raised it accepts",
                    human_bytes(limit)));
  }

  void clock() {
    CheckStep& step = this->step("clock", "This machine's clock");
    if (!clock_offset_ms_) {
      return report(step, CheckStatus::unknown, "Not checked: the stream was not reached.");
    }
    constexpr std::int64_t kNotable = 30'000;
    if (*clock_offset_ms_ > -kNotable && *clock_offset_ms_ < kNotable)
      return report(step, CheckStatus::ok, "The clock agrees with AWS's.");
    exporting::Problem note = note_of_clock(*clock_offset_ms_);
    report(step, CheckStatus::warning, std::move(note.message), std::move(note.remedy));
    step.code = note.code;
  }

  const catalog::Destination& destination_;
  const KinesisParts& parts_;
  const std::function<exporting::TestEventOutcome()>& put_;
  KinesisSettings settings_;
  std::vector<CheckStep> steps_;
  std::string endpoint_;
  DestinationFacts facts_;
  std::optional<aws::StsClient> sts_;
  std::shared_ptr<const aws::Credentials> own_;
  std::optional<aws::Credentials> as_;  // what would put
  bool blocked_ = false;                // a record need not be tried
  std::optional<StreamSummary> summary_;
  std::optional<exporting::TestEventOutcome> outcome_;
  std::optional<std::int64_t> clock_offset_ms_;
};

}  // namespace

std::vector<CheckStep> check_destination(const catalog::Destination& destination, const KinesisParts& parts,
                                         const std::function<exporting::TestEventOutcome()>& put) {
  return Check(destination, parts, put).run();
}

}  // namespace sluice::kinesis
