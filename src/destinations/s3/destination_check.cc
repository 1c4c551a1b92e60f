#include "destinations/s3/destination_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "aws/clock_skew.h"
#include "aws/endpoints.h"
#include "aws/policies.h"
#include "aws/sha256.h"
#include "aws/sigv4.h"
#include "base/utf8.h"
#include "destinations/aws_check.h"
#include "destinations/s3/endpoint.h"
#include "destinations/s3/make_s3_sink.h"
#include "http_client/blocking_http.h"

namespace sluice::s3 {
namespace {

using destinations::CheckStatus;
using destinations::CheckStep;
using destinations::fail_step;
using destinations::report_step;

class Check {
 public:
  Check(const catalog::Destination& destination, const destinations::KindParts& parts,
        const std::function<exporting::TestEventOutcome()>& put)
      : put_(put),
        settings_(settings_of(destination)),
        fault_(forbidden_endpoint(settings_, parts.policy)),
        parts_(destinations::aws_parts(parts, settings_.region, allowed_sts_endpoint(settings_, parts.policy))),
        aws_(parts_, role_of(destination), settings_.region, settings_.sts_endpoint) {}

  std::vector<CheckStep> run() {
    const auto endpoint = s3_endpoint({settings_.region, false, false, settings_.endpoint}, parts_.environment);
    if (fault_.empty() && !endpoint) fault_ = endpoint.error().message;
    bucket_ = bucket_of(settings_, endpoint.value_or(""));
    facts_ = facts_of(settings_, endpoint.value_or(""));
    aws_.run(fault_, steps_);
    facts_.identity = aws_.caller().identity;
    bucket();
    put();
    read_back();
    encryption();
    protection();
    steps_.push_back(destinations::AwsCheck::clock(clock_offset_ms_, "the bucket"));
    return std::move(steps_);
  }

 private:
  CheckStep& step(const char* name, const char* title) {
    steps_.push_back(destinations::check_step(name, title));
    return steps_.back();
  }
  std::string policy() const { return permission_policy(policy_facts_of(settings_)); }

  http_client::HttpResponse asked(http_client::HttpRequest request) {
    aws::SigningKeyCache keys;
    http_client::HttpResponse response;
    for (int attempt = 0; attempt < 2; ++attempt) {
      aws::sign_request(request, aws::sha256_hex(""),
                        {"s3", settings_.region, skew_.corrected_ms(parts_.clock.wall_ms()), true}, *aws_.as(), keys);
      response = http_client::send_and_wait(parts_.transport, request);
      if (!clock_offset_ms_) clock_offset_ms_ = aws::clock_offset_ms(response, parts_.clock.wall_ms());
      const ObjectAnswer answer = read_answer(response, request.method == "HEAD");
      const bool clock = !answer.ok() && classify(answer) == ErrorClass::clock;
      if (!clock || !skew_.learn(response, parts_.clock.wall_ms())) break;
    }
    return response;
  }

  // A GET of an object that is not there: unlike a HEAD's, its answer tells a bucket that is missing from a key that
  // is.
  void bucket() {
    CheckStep& step = this->step("bucket", "Bucket");
    if (!aws_.as()) return;
    http_client::HttpRequest request =
        head_request(bucket_, settings_.prefix + (settings_.prefix.empty() ? "" : "/") + "test/none", false);
    request.method = "GET";
    const http_client::HttpResponse response = asked(std::move(request));
    const ObjectAnswer answer = read_answer(response, false);
    if (answer.ok() || answer.code == "NoSuchKey")
      return report_step(step, CheckStatus::ok,
                         fmt::format("Bucket {} is reachable in {}.", settings_.bucket, settings_.region));
    if (answer.code == "AccessDenied") {
      // S3 says the same of a missing object to who may not list, and of a missing permission.
      return report_step(step, CheckStatus::ok,
                         fmt::format("Bucket {} answers in {}. Whether Sluice may write to it, the next step shows.",
                                     settings_.bucket, settings_.region));
    }
    blocked_ = true;
    fail_step(step, problem_of_answer(answer, Asked::put, facts_));
  }

  void put() {
    CheckStep& step = this->step("put", "Put an object");
    if (!aws_.as() || blocked_) return;
    outcome_ = put_();
    if (outcome_->delivered) {
      if (outcome_->receipt)
        for (const auto& [name, value] : outcome_->receipt->parts)
          if (name == "objectKey") key_ = value;
      return report_step(
          step, CheckStatus::ok,
          fmt::format("The test event {} is in s3://{}/{}.", exporting::kTestEventKey, settings_.bucket, key_));
    }
    if (!outcome_->problem)
      return report_step(step, CheckStatus::unknown, "S3 did not answer in time.",
                         "Try again; check the network and the proxy.");
    fail_step(step, *outcome_->problem);
    if (step.code == "AccessDenied") step.policy = policy();
  }

  void read_back() {
    CheckStep& step = this->step("readBack", "Recognize an object");
    if (key_.empty()) return;
    head_ = asked(head_request(bucket_, key_, true));
    if (head_.status == 403) head_ = asked(head_request(bucket_, key_, false));
    const ObjectAnswer answer = read_answer(head_, true);
    if (answer.ok())
      return report_step(step, CheckStatus::ok,
                         "Sluice may look at its objects: after a crash it recognizes those that arrived.");
    exporting::Problem problem = problem_of_answer(answer, Asked::head, facts_);
    report_step(
        step, CheckStatus::warning,
        "Delivery works, but after a crash Sluice could not recognize an object that arrived. " + problem.message,
        std::move(problem.remedy));
    step.code = answer.code;
    step.request_id = answer.request_id;
    step.policy = policy();
  }

  void encryption() {
    CheckStep& step = this->step("encryption", "Encryption");
    if (!outcome_) return;
    if (outcome_->problem && outcome_->problem->code.starts_with("KMS")) return fail_step(step, *outcome_->problem);
    if (outcome_->problem && outcome_->problem->message.find("may not encrypt") != std::string::npos) {
      fail_step(step, *outcome_->problem);
      step.policy =
          aws::key_statement(settings_.kms_key_id.starts_with("arn:") ? settings_.kms_key_id : "arn:aws:kms:…:key/…");
      return;
    }
    if (key_.empty()) return report_step(step, CheckStatus::unknown, "Nothing was put, so no key was used.");
    const std::string_view key = head_.header("x-amz-server-side-encryption-aws-kms-key-id");
    const std::string_view how = head_.header("x-amz-server-side-encryption");
    report_step(step, CheckStatus::ok,
                !key.empty()   ? fmt::format("Objects are encrypted with key {}.", printable(std::string(key)))
                : !how.empty() ? fmt::format("Objects are encrypted with {}.", printable(std::string(how)))
                               : "The key that objects are encrypted with, if there is one, is usable.");
  }

  // What keeps an object from being overwritten or removed; Sluice does neither.
  void protection() {
    CheckStep& step = this->step("protection", "Versions and locks");
    if (key_.empty() || head_.status != 200) return;
    const std::string_view lock = head_.header("x-amz-object-lock-mode");
    const std::string_view version = head_.header("x-amz-version-id");
    if (!lock.empty())
      return report_step(step, CheckStatus::ok,
                         fmt::format("Objects are locked ({}) until {}. Sluice never overwrites or deletes them; the "
                                     "test event stays until then too.",
                                     printable(std::string(lock)),
                                     printable(std::string(head_.header("x-amz-object-lock-retain-until-date")))));
    report_step(step, CheckStatus::ok,
                version.empty() || version == "null"
                    ? "The bucket keeps no versions. Sluice never overwrites or deletes objects."
                    : "The bucket keeps versions. Sluice puts each object once, so that each has one.");
  }

  const std::function<exporting::TestEventOutcome()>& put_;
  const S3Settings settings_;
  std::string fault_;
  const destinations::AwsParts parts_;
  destinations::AwsCheck aws_;
  std::vector<CheckStep> steps_;
  BucketFacts bucket_;
  DestinationFacts facts_;
  aws::ClockSkew skew_;
  bool blocked_ = false;  // an object need not be tried
  std::optional<exporting::TestEventOutcome> outcome_;
  std::string key_;  // of the test event's object; empty: none was put
  http_client::HttpResponse head_;
  std::optional<std::int64_t> clock_offset_ms_;
};

}  // namespace

std::vector<CheckStep> check_destination(const catalog::Destination& destination, const destinations::KindParts& parts,
                                         const std::function<exporting::TestEventOutcome()>& put) {
  return Check(destination, parts, put).run();
}

}  // namespace sluice::s3
