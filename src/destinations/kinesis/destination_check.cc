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
#include "base/text.h"
#include "destinations/aws_check.h"
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
using destinations::fail_step;
using destinations::report_step;

constexpr std::int64_t kDescribeTimeoutMs = 15'000;

KinesisSettings completed(KinesisSettings settings) {
  complete_by_arn(settings);
  return settings;
}

class Check {
 public:
  Check(const catalog::Destination& destination, const destinations::AwsParts& parts,
        const std::function<exporting::TestEventOutcome()>& put)
      : parts_(parts),
        put_(put),
        settings_(completed(settings_of(destination))),
        aws_(parts, role_of(destination, settings_.region), settings_.region, settings_.sts_endpoint) {}

  std::vector<CheckStep> run() {
    std::string fault = forbidden_endpoint(settings_, parts_);
    const aws::EndpointSettings at{settings_.region, false, false, settings_.endpoint};
    const auto endpoint = aws::service_endpoint("kinesis", at, parts_.environment);
    if (fault.empty() && !endpoint) fault = endpoint.error().message;
    endpoint_ = endpoint.value_or("");
    facts_ = facts_of(settings_, endpoint_);
    aws_.run(fault, steps_);
    facts_.identity = aws_.caller().identity;
    stream();
    put();
    encryption();
    record_limit();
    steps_.push_back(destinations::AwsCheck::clock(clock_offset_ms_, "the stream"));
    return std::move(steps_);
  }

 private:
  CheckStep& step(const char* name, const char* title) {
    steps_.push_back(destinations::check_step(name, title));
    return steps_.back();
  }
  std::string identity_name() const {
    return settings_.role_arn.empty() ? "Sluice's own identity" : settings_.role_arn;
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
                      {"kinesis", settings_.region, skew.corrected_ms(parts_.clock.wall_ms())}, *aws_.as(), keys);
    return http_client::send_and_wait(parts_.transport, std::move(request));
  }

  void stream() {
    CheckStep& step = this->step("stream", "Stream");
    if (!aws_.as()) return;
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
        report_step(step, CheckStatus::unknown,
                    fmt::format("{} may not describe stream {}.", identity_name(), settings_.stream_name),
                    std::move(note.remedy));
        step.code = error.code;
        step.request_id = error.request_id;
        step.policy = permission_policy(facts_.stream_arn);
        return;
      }
      fail_step(step, problem_of_call(error, classify(error.fault, error.status, error.code, error.message), facts_));
      blocked_ = error.code.starts_with("ResourceNotFound") || error.fault != http_client::TransportFault::none;
      return;
    }
    auto summary = parse_stream_summary(response.body);
    if (!summary) return report_step(step, CheckStatus::unknown, summary.error().message);
    summary_ = std::move(*summary);
    facts_.key_id = summary_->key_id;
    if (summary_->status == "CREATING" || summary_->status == "DELETING") {
      blocked_ = true;
      return fail_step(step, problem_of_stream_status(summary_->status, facts_));
    }
    report_step(step, CheckStatus::ok,
                fmt::format("{} is {}, {} with {} open shard{}.", settings_.stream_name,
                            summary_->status == "ACTIVE" ? "active" : summary_->status,
                            summary_->on_demand ? "on-demand" : "provisioned", grouped(summary_->open_shards),
                            summary_->open_shards == 1 ? "" : "s"));
  }

  void put() {
    CheckStep& step = this->step("put", "Put a record");
    if (!aws_.as() || blocked_) return;
    outcome_ = put_();
    if (outcome_->delivered) {
      const std::string where = outcome_->receipt ? " in " + outcome_->receipt->text : std::string();
      return report_step(step, CheckStatus::ok,
                         fmt::format("The test event {} is in the stream{}.", exporting::kTestEventKey, where));
    }
    if (outcome_->problem) {
      fail_step(step, *outcome_->problem);
      if (step.code.starts_with("AccessDenied")) step.policy = permission_policy(facts_.stream_arn);
    } else if (outcome_->refused) {
      report_step(step, CheckStatus::failed, outcome_->refused->reason);
      step.code = outcome_->refused->code;
    } else {
      report_step(step, CheckStatus::unknown, "AWS did not answer in time.",
                  "Try again; check the network and the proxy.");
    }
  }

  void encryption() {
    CheckStep& step = this->step("encryption", "Encryption");
    if (!outcome_ && !summary_) return;
    const std::string key = summary_ ? summary_->key_id : std::string();
    const bool kms_failed = outcome_ && outcome_->problem && outcome_->problem->code.starts_with("KMS");
    if (kms_failed) {
      fail_step(step, *outcome_->problem);
      step.policy = aws::key_statement(key.starts_with("arn:") ? key : "arn:aws:kms:…:key/…");
    } else if (summary_ && key.empty()) {
      report_step(step, CheckStatus::ok, "The stream is not encrypted with a KMS key.");
    } else if (outcome_ && outcome_->delivered) {
      report_step(step, CheckStatus::ok,
                  key.empty() ? "If the stream is encrypted, its key is usable." : fmt::format("{} is usable.", key));
    } else {
      report_step(step, CheckStatus::unknown,
                  key.empty() ? "The stream could not be described."
                              : fmt::format("The stream is encrypted with {}; putting a record shows "
                                            "whether it is usable.",
                                            key));
    }
  }

  void record_limit() {
    CheckStep& step = this->step("recordLimit", "Record size");
    if (!aws_.as() || blocked_) return;
    const std::uint64_t described = summary_ ? summary_->max_record_bytes : 0;
    const std::uint64_t limit = described > 0 ? described : kDefaultMaxRecordBytes;
    report_step(
        step, described > 0 ? CheckStatus::ok : CheckStatus::unknown,
        fmt::format("{} {} per record. Larger events are stored as dead letters.",
                    described > 0 ? "The stream accepts" : "The stream's limit is not known; unless raised it accepts",
                    human_bytes(limit)));
  }

  const destinations::AwsParts& parts_;
  const std::function<exporting::TestEventOutcome()>& put_;
  const KinesisSettings settings_;
  std::vector<CheckStep> steps_;
  std::string endpoint_;
  DestinationFacts facts_;
  destinations::AwsCheck aws_;
  bool blocked_ = false;  // a record need not be tried
  std::optional<StreamSummary> summary_;
  std::optional<exporting::TestEventOutcome> outcome_;
  std::optional<std::int64_t> clock_offset_ms_;
};

}  // namespace

std::vector<CheckStep> check_destination(const catalog::Destination& destination, const destinations::AwsParts& parts,
                                         const std::function<exporting::TestEventOutcome()>& put) {
  return Check(destination, parts, put).run();
}

}  // namespace sluice::kinesis
