#include "destinations/kinesis/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "aws/policies.h"
#include "base/counted.h"
#include "base/text.h"
#include "destinations/kinesis/policies.h"

namespace sluice::kinesis {
namespace {

using Facts = DestinationFacts;

std::string caller_name(const Facts& facts) {
  if (!facts.role_arn.empty()) return "Role " + facts.role_arn;
  return facts.identity.empty() ? "The identity that Sluice runs as" : facts.identity;
}
std::string stream_of(const Facts& facts) { return "stream " + facts.stream_name; }

std::string aws_words(const destinations::CallError& error) {
  return error.message.empty() ? error.code : error.code + ": " + error.message;
}

exporting::Problem access_denied(const destinations::CallError& error, const Facts& facts) {
  exporting::Problem problem{exporting::Problem::Weight::setup, error.code, "", "", error.request_id};
  if (error.message.find("no resource-based policy allows") != std::string::npos) {
    const std::string& identity = facts.role_arn.empty() ? facts.identity : facts.role_arn;
    problem.message = fmt::format("The resource policy of {} does not allow {}. AWS says: {}", facts.stream_arn,
                                  identity.empty() ? "the identity that Sluice runs as" : identity, aws_words(error));
    problem.remedy = "The stream is in another account. Attach this resource policy to the stream, there:\n" +
                     stream_resource_policy(identity.empty() ? "ARN_OF_SLUICES_IDENTITY" : identity, facts.stream_arn) +
                     "\nThe identity needs the same permission in its own account:\n" +
                     permission_policy(facts.stream_arn);
    return problem;
  }
  problem.message = fmt::format("{} may not put records into {}. AWS says: {}", caller_name(facts), stream_of(facts),
                                aws_words(error));
  problem.remedy = "Attach this permission policy to it:\n" + permission_policy(facts.stream_arn);
  return problem;
}

exporting::Problem no_stream(const destinations::CallError& error, const Facts& facts) {
  exporting::Problem problem{exporting::Problem::Weight::setup, error.code, "", "", error.request_id};
  problem.message = fmt::format("There is no stream {} in {}{}.", facts.stream_name, facts.region,
                                facts.account.empty() ? "" : " of account " + facts.account);
  problem.remedy =
      "Check the stream's name, its region, and the account of the role. Delivery resumes by itself once the "
      "stream exists.";
  return problem;
}

std::string_view why_key_fails(std::string_view code) {
  if (code.starts_with("KMSAccessDenied")) return "cannot be used because permission is missing";
  if (code.starts_with("KMSDisabled")) return "cannot be used because it is disabled";
  if (code.starts_with("KMSInvalidState")) return "cannot be used in the state that it is in";
  if (code.starts_with("KMSNotFound")) return "cannot be used because it does not exist";
  return "cannot be used because the account has not opted in to AWS KMS";
}

exporting::Problem key_unusable(const destinations::CallError& error, const Facts& facts) {
  exporting::Problem problem{exporting::Problem::Weight::setup, error.code, "", "", error.request_id};
  const std::string key = facts.key_id.empty() ? "a key" : "key " + facts.key_id;
  problem.message = fmt::format("Stream {} is encrypted with {}, which {}. AWS says: {}", facts.stream_name, key,
                                why_key_fails(error.code), aws_words(error));
  if (error.code.starts_with("KMSAccessDenied")) {
    const std::string resource = facts.key_id.starts_with("arn:") ? facts.key_id : "arn:aws:kms:…:key/…";
    problem.remedy = fmt::format(
        "Add this statement to the permission policy of {}, and allow it in the key's own policy if that is in another "
        "account:\n{}",
        facts.role_arn.empty() ? "that identity" : facts.role_arn, aws::key_statement(resource));
  } else {
    problem.remedy = "Enable the key, cancel its deletion, or encrypt the stream with another key.";
  }
  return problem;
}

exporting::Problem refused_credentials(const destinations::CallError& error, const Facts& facts) {
  exporting::Problem problem{exporting::Problem::Weight::setup, error.code, "", "", error.request_id};
  problem.message =
      fmt::format("AWS refuses the credentials of {}, even after a refresh. AWS says: {}",
                  facts.role_arn.empty() ? "Sluice's own identity" : "role " + facts.role_arn, aws_words(error));
  problem.remedy =
      "Check that the access key exists and is active, that its secret is right, and that the region is enabled in its "
      "account.";
  return problem;
}

exporting::Problem refused_call(const destinations::CallError& error, const Facts& facts) {
  exporting::Problem problem{exporting::Problem::Weight::setup, error.code, "", "", error.request_id};
  problem.message = fmt::format("{} answers PutRecords for {} with {} (HTTP {}).", facts.endpoint, stream_of(facts),
                                aws_words(error), error.status);
  problem.remedy = "Check the destination's region, endpoint and stream, and any proxy or VPC endpoint in between.";
  return problem;
}

// Of a call as such: no event is to blame.
exporting::Problem refuses_everything(const destinations::CallError& error, const Facts& facts) {
  exporting::Problem problem{exporting::Problem::Weight::setup, error.code, "", "", error.request_id};
  problem.message = fmt::format("{} refuses every call for {}: {} (HTTP {}). Nothing is discarded.", facts.endpoint,
                                stream_of(facts), aws_words(error), error.status);
  problem.remedy = error.status == 413
                       ? "A proxy or gateway on the way limits the size of requests. Raise its limit (nginx: "
                         "client_max_body_size) to "
                         "6 MiB, or more than the largest event. Sluice keeps trying with single events."
                       : "Check the destination's endpoint and region, and what stands between: a proxy, a VPC "
                         "endpoint, an emulator. "
                         "Sluice keeps trying with single events.";
  return problem;
}

exporting::Problem proxy_in_the_way(const destinations::CallError& error, const Facts& facts) {
  exporting::Problem problem{exporting::Problem::Weight::setup, error.code, "", "", ""};
  problem.message =
      fmt::format("The proxy in front of {} refuses {} (HTTP {}): {}", facts.endpoint,
                  error.status == 407 ? "Sluice's credentials" : "to connect", error.status, error.message);
  problem.remedy = http_client::proxy_remedy(error.status);
  return problem;
}

exporting::Problem unreachable(const destinations::CallError& error, const Facts& facts) {
  exporting::Problem problem{exporting::Problem::Weight::transient, error.code, "", "", ""};
  problem.message =
      fmt::format("Sluice cannot reach {}: {}.", facts.endpoint, error.message.empty() ? "no answer" : error.message);
  problem.remedy =
      "Check egress, the proxy if one is in use, the VPC endpoint, and certificates. Sluice keeps retrying.";
  return problem;
}

exporting::Problem redirected(const destinations::CallError& error, const Facts& facts) {
  exporting::Problem problem{exporting::Problem::Weight::setup, error.code, "", "", error.request_id};
  problem.message =
      fmt::format("{} answers with a redirect (HTTP {}), which Sluice does not follow.", facts.endpoint, error.status);
  problem.remedy =
      "Kinesis does not redirect: check the endpoint in the destination's settings, and the proxy if one is in use.";
  return problem;
}

exporting::Problem aws_fails(const destinations::CallError& error, const Facts& facts) {
  exporting::Problem problem{exporting::Problem::Weight::transient, error.code, "", "", error.request_id};
  problem.message = fmt::format("Kinesis in {} answers with {} (HTTP {}) for {}.", facts.region, aws_words(error),
                                error.status, stream_of(facts));
  problem.remedy = "No action needed: Sluice keeps retrying. If it lasts, check AWS's status page.";
  if (destinations::is_of_another(error.code, error.request_id)) {
    problem.message = fmt::format("{} answers HTTP {} for {}, without an error of AWS: {}", facts.endpoint,
                                  error.status, stream_of(facts), error.message.empty() ? "no text." : error.message);
    problem.remedy = destinations::kRemedyOfAnother;
  }
  return problem;
}

}  // namespace

exporting::Problem problem_of_call(const destinations::CallError& error, destinations::ErrorClass error_class,
                                   const Facts& facts) {
  switch (error_class) {
    case destinations::ErrorClass::throttle:
      return problem_of_throttling(error.code, {}, facts);
    case destinations::ErrorClass::transient:
      return error.fault == http_client::TransportFault::none ? aws_fails(error, facts) : unreachable(error, facts);
    case destinations::ErrorClass::credentials:
      return refused_credentials(error, facts);
    case destinations::ErrorClass::setup:
    case destinations::ErrorClass::poison:
      break;
  }
  if (error.code.starts_with("proxy_")) return proxy_in_the_way(error, facts);
  if (error.status >= 300 && error.status < 400) return redirected(error, facts);
  if (classify(error.fault, error.status, error.code, error.message) == destinations::ErrorClass::poison)
    return refuses_everything(error, facts);
  if (error.code.starts_with("KMS")) return key_unusable(error, facts);
  if (error.code.starts_with("AccessDenied") || error.code.starts_with("NotAuthorized"))
    return access_denied(error, facts);
  if (error.code.starts_with("ResourceNotFound")) return no_stream(error, facts);
  if (error.code.starts_with("ResourceInUse")) return problem_of_stream_status("being changed", facts);
  return refused_call(error, facts);
}

exporting::Problem problem_of_throttling(std::string_view code, const ThrottleFacts& throttle, const Facts& facts) {
  exporting::Problem problem{exporting::Problem::Weight::transient, std::string(code), "", "", ""};
  if (code.starts_with("KMS")) {
    problem.message = fmt::format("AWS KMS throttles the key of stream {}.", facts.stream_name);
    problem.remedy = "Nothing is lost. If it lasts, raise the account's KMS request quota.";
    return problem;
  }
  problem.message = fmt::format("Stream {} accepts less than arrives", facts.stream_name);
  if (throttle.records_per_s > 0) {
    problem.message +=
        fmt::format(": Sluice sends {}/s ({:.1f} MB/s)",
                    counted(static_cast<std::uint64_t>(throttle.records_per_s), "record"), throttle.bytes_per_s / 1e6);
    if (throttle.shards > 0) problem.message += fmt::format(" to {}", counted(throttle.shards, "shard"));
  }
  problem.message += ". Nothing is lost.";
  if (throttle.waiting_events > 0)
    problem.message += fmt::format(" {} queued for retry.", counted(throttle.waiting_events, "event"));
  problem.remedy = throttle.on_demand ? "On-demand streams grow to twice their past peak; this takes some minutes."
                                      : "Add shards, or switch the stream to on-demand capacity.";
  return problem;
}

bool asks_for_shards(const exporting::Problem& problem) {
  return problem.code.starts_with("ProvisionedThroughputExceeded");
}

std::string remedy_by_shards(const ShardFacts& shards) {
  const std::string peak =
      fmt::format("the peak that arrives, {}/s ({:.1f} MB/s)",
                  counted(static_cast<std::uint64_t>(shards.events_per_s + 0.5), "event"), shards.bytes_per_s / 1e6);
  if (shards.open >= shards.advised)
    return fmt::format(
        "The stream has {}, enough for {}. If this lasts, other producers write to the stream, or one shard gets more "
        "than its share: add shards, or switch the stream to on-demand capacity.",
        counted(shards.open, "shard"), peak);
  return fmt::format("Set the stream to {} for {}, or switch it to on-demand capacity.",
                     counted(shards.advised, "shard"), peak);
}

exporting::Problem problem_of_stream_status(std::string_view status, const Facts& facts) {
  exporting::Problem problem{exporting::Problem::Weight::transient, "stream_not_active", "", "", ""};
  const std::string_view what = status == "CREATING"   ? "being created"
                                : status == "DELETING" ? "being deleted"
                                                       : status;
  problem.message = fmt::format("Stream {} is {}. Sluice retries every 30 to 60 s.", facts.stream_name, what);
  problem.remedy = status == "DELETING" ? "Point the destination at another stream, or create this one again."
                                        : "No action needed: delivery resumes when the stream is active.";
  return problem;
}

exporting::Problem problem_of_no_answer(std::string_view last_code, std::int64_t for_ms, const Facts& facts) {
  exporting::Problem problem{exporting::Problem::Weight::transient, "no_answer", "", "", ""};
  if (last_code.empty()) {
    problem.message = fmt::format("{} has not answered for {}.", facts.endpoint, human_duration_ms(for_ms));
    problem.remedy =
        "Check egress, the proxy if one is in use, and the VPC endpoint; then AWS's status page. Sluice keeps "
        "retrying.";
  } else {
    problem.code = last_code;
    problem.message = fmt::format("Kinesis in {} has accepted no record for {} for {}. It answers {} to each.",
                                  facts.region, stream_of(facts), human_duration_ms(for_ms), last_code);
    problem.remedy = "No action needed: Sluice keeps retrying. If it lasts, check AWS's status page.";
    if (destinations::is_of_another(last_code, "")) problem.remedy = destinations::kRemedyOfAnother;
  }
  return problem;
}

exporting::Problem problem_of_held_event(const destinations::CallError& error, std::uint64_t record_bytes,
                                         const Facts& facts) {
  exporting::Problem problem = refuses_everything(error, facts);
  problem.message = fmt::format("{} refuses an event of {} for its size: {} (HTTP {}). It is kept and tried again.",
                                facts.endpoint, human_bytes(record_bytes), aws_words(error), error.status);
  return problem;
}

exporting::Problem note_of_describing(const destinations::CallError& error, const Facts& facts) {
  exporting::Problem note{exporting::Problem::Weight::note, "describe_denied", "", "", error.request_id};
  note.message = fmt::format(
      "Shard advice and per-shard limits are missing, because {} may not describe stream {}. Delivery does not need "
      "that.",
      facts.role_arn.empty() ? "Sluice's identity" : facts.role_arn, facts.stream_name);
  note.remedy = "Optional: add kinesis:DescribeStreamSummary and kinesis:ListShards, as in this policy:\n" +
                permission_policy(facts.stream_arn);
  return note;
}

std::string reason_too_large(std::uint64_t record_bytes, std::uint64_t limit_bytes, const Facts& facts) {
  return fmt::format(
      "An event of {} is larger than stream {} accepts ({}). Raise the stream's maximum record size to deliver such "
      "events.",
      human_bytes_beside(record_bytes, limit_bytes), facts.stream_name, human_bytes_beside(limit_bytes, record_bytes));
}

std::string reason_refused(const destinations::CallError& error, std::uint64_t record_bytes, const Facts& facts) {
  if (record_bytes > 1'000'000) {
    return fmt::format(
        "An event of {} is larger than stream {} accepts. Raise the stream's maximum record size to deliver such "
        "events. "
        "AWS says: {}",
        human_bytes(record_bytes), facts.stream_name, aws_words(error));
  }
  return fmt::format("Stream {} refuses this event of {}. AWS says: {}", facts.stream_name, human_bytes(record_bytes),
                     aws_words(error));
}

}  // namespace sluice::kinesis
