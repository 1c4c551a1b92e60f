#include "destinations/s3/problems.h"

#include <fmt/format.h>

#include "aws/endpoints.h"
#include "aws/policies.h"
#include "base/text.h"
#include "destinations/call_error.h"
#include "destinations/s3/policies.h"

namespace sluice::s3 {
namespace {

using exporting::Problem;
using Facts = DestinationFacts;

std::string caller_name(const Facts& facts) {
  if (!facts.role_arn.empty()) return "Role " + facts.role_arn;
  return facts.identity.empty() ? "The identity that Sluice runs as" : facts.identity;
}

std::string words_of(const ObjectAnswer& answer) {
  return answer.message.empty() ? answer.code : answer.code + ": " + answer.message;
}

std::string policy_of(const Facts& facts) {
  const std::string_view key = facts.kms_key_id.starts_with("arn:") ? std::string_view(facts.kms_key_id) : "";
  return permission_policy(
      {aws::partition_of_region(facts.region).name, facts.bucket, facts.prefix, key, facts.looks_first});
}

Problem setup_problem(const ObjectAnswer& answer) {
  return {Problem::Weight::setup, answer.code, "", "", answer.request_id};
}
Problem passing_problem(const ObjectAnswer& answer) {
  return {Problem::Weight::transient, answer.code, "", "", answer.request_id};
}

Problem no_bucket(const ObjectAnswer& answer, const Facts& facts) {
  Problem problem = setup_problem(answer);
  problem.message = fmt::format("There is no bucket {}. S3 says: {}", facts.bucket, words_of(answer));
  problem.remedy = fmt::format(
      "Create the bucket in {}, or correct the destination's bucket. Delivery resumes by itself within a minute.",
      facts.region);
  return problem;
}

Problem other_region(const ObjectAnswer& answer, const Facts& facts) {
  Problem problem = setup_problem(answer);
  if (answer.region.empty() || answer.region == facts.region) {
    problem.message =
        fmt::format("Bucket {} is not served by {}. S3 says: {}", facts.bucket, facts.endpoint, words_of(answer));
    problem.remedy = answer.endpoint.empty()
                         ? "Correct the destination's region and endpoint."
                         : fmt::format("S3 names {}. Correct the destination's region and endpoint.", answer.endpoint);
    return problem;
  }
  problem.message = fmt::format("Bucket {} is in {}, not in {}.", facts.bucket, answer.region, facts.region);
  problem.remedy = fmt::format("Set the destination's region to {}.", answer.region);
  return problem;
}

Problem key_denied(const ObjectAnswer& answer, const Facts& facts) {
  Problem problem = setup_problem(answer);
  const std::string key = facts.kms_key_id.empty() ? "the key of the bucket's encryption" : "key " + facts.kms_key_id;
  problem.message =
      fmt::format("{} may not encrypt objects with {}. S3 says: {}", caller_name(facts), key, words_of(answer));
  problem.remedy = fmt::format(
      "Add this statement to its permission policy, and allow it in the key's own policy if that is in another "
      "account:\n{}",
      aws::key_statement(facts.kms_key_id.starts_with("arn:") ? facts.kms_key_id : "arn:aws:kms:…:key/…"));
  return problem;
}

Problem access_denied(const ObjectAnswer& answer, Asked asked, const Facts& facts) {
  if (answer.message.find("kms:GenerateDataKey") != std::string::npos) return key_denied(answer, facts);
  Problem problem = setup_problem(answer);
  if (asked == Asked::head) {
    problem.message = fmt::format(
        "{} may not look at an object of bucket {} that is there already. Whether it is the one that Sluice uploads "
        "cannot be told without it. S3 says: {}",
        caller_name(facts), facts.bucket, words_of(answer));
    problem.remedy = "Add s3:GetObject. This permission policy is complete:\n" + policy_of(facts);
    return problem;
  }
  problem.message =
      fmt::format("{} may not put objects into bucket {}{}. S3 says: {}", caller_name(facts), facts.bucket,
                  facts.prefix.empty() ? "" : " under " + facts.prefix + "/", words_of(answer));
  problem.remedy = "Attach this permission policy to it:\n" + policy_of(facts) +
                   "\nIf it has that: a policy of the bucket may deny it";
  problem.remedy += facts.expected_owner.empty()
                        ? ", or the bucket is another account's."
                        : fmt::format(", or the bucket does not belong to account {}.", facts.expected_owner);
  return problem;
}

Problem key_unusable(const ObjectAnswer& answer, const Facts& facts) {
  Problem problem = setup_problem(answer);
  const std::string key = facts.kms_key_id.empty() ? "The key of the bucket's encryption" : "Key " + facts.kms_key_id;
  const char* why = answer.code == "KMS.DisabledException"   ? "is disabled"
                    : answer.code == "KMS.NotFoundException" ? "does not exist in the bucket's region"
                                                             : "cannot be used";
  problem.message = fmt::format("{} {}. S3 says: {}", key, why, words_of(answer));
  problem.remedy = "Enable the key, cancel its deletion, or set another key: it must be in the bucket's region.";
  return problem;
}

Problem not_conditional(const ObjectAnswer& answer, const Facts& facts) {
  Problem problem = setup_problem(answer);
  problem.message = fmt::format("{} does not know If-None-Match. It says: {}", facts.endpoint, words_of(answer));
  problem.remedy =
      "Set if_none_match to off for this store: Sluice then looks for the object before each upload, which needs "
      "s3:GetObject and s3:ListBucket.";
  return problem;
}

Problem redirected(const ObjectAnswer& answer, const Facts& facts) {
  Problem problem = setup_problem(answer);
  problem.message =
      fmt::format("{} answers with a redirect (HTTP {}), which Sluice does not follow.", facts.endpoint, answer.status);
  problem.remedy = "Correct the destination's endpoint: http instead of https, or a path that is missing.";
  return problem;
}

Problem refused(const ObjectAnswer& answer, const Facts& facts) {
  Problem problem = setup_problem(answer);
  problem.message = fmt::format("{} refuses to store objects in bucket {}: {} (HTTP {}). Nothing is discarded.",
                                facts.endpoint, facts.bucket, words_of(answer), answer.status);
  problem.remedy = answer.status == 413
                       ? "A proxy or gateway on the way limits the size of requests. Raise its limit (nginx: "
                         "client_max_body_size) above the destination's object size."
                       : "Check the destination's endpoint, bucket and region, and what stands between: a proxy, a VPC "
                         "endpoint, an emulator.";
  return problem;
}

Problem invalid_storage_class(const ObjectAnswer& answer, const Facts& facts) {
  Problem problem = setup_problem(answer);
  problem.message =
      fmt::format("{} has no storage class {}. S3 says: {}", facts.endpoint, facts.storage_class, words_of(answer));
  problem.remedy = "Set the destination's storage class to one that the store offers, or leave it empty.";
  return problem;
}

Problem invalid_request(const ObjectAnswer& answer, const Facts& facts) {
  Problem problem = refused(answer, facts);
  if (answer.message.find("Object Lock") != std::string::npos ||
      answer.message.find("object lock") != std::string::npos) {
    problem.message =
        fmt::format("Bucket {} has Object Lock, and refuses the object. S3 says: {}", facts.bucket, words_of(answer));
    problem.remedy =
        "Sluice sends the checksum that Object Lock asks for. Check that no proxy removes x-amz- headers, and the "
        "bucket's "
        "default retention.";
  }
  return problem;
}

Problem refused_credentials(const ObjectAnswer& answer, const Facts& facts) {
  Problem problem = setup_problem(answer);
  problem.message =
      fmt::format("S3 refuses the credentials of {}, even after a refresh. S3 says: {}",
                  facts.role_arn.empty() ? "Sluice's own identity" : "role " + facts.role_arn, words_of(answer));
  problem.remedy =
      "Check that the access key exists and is active, that its secret is right, and that the region is enabled in its "
      "account.";
  return problem;
}

Problem wrong_clock(const ObjectAnswer& answer) {
  Problem problem = setup_problem(answer);
  problem.message = "S3 finds the time of the signature too far from its own. S3 says: " + words_of(answer);
  problem.remedy = "Set this machine's clock and synchronize it with NTP.";
  return problem;
}

Problem other_bytes(const ObjectAnswer& answer, const Facts& facts) {
  Problem problem = passing_problem(answer);
  problem.message =
      fmt::format("S3 received other bytes than Sluice sent to bucket {}. S3 says: {}", facts.bucket, words_of(answer));
  problem.remedy = "No action needed: the object is uploaded again. If it lasts, check the proxy and the network card.";
  return problem;
}

Problem throttled(const ObjectAnswer& answer, const Facts& facts) {
  Problem problem = passing_problem(answer);
  problem.message = answer.code.starts_with("KMS")
                        ? fmt::format("AWS KMS throttles the key of bucket {}.", facts.bucket)
                        : fmt::format("S3 asks to slow down for bucket {} ({}).", facts.bucket, answer.code);
  problem.remedy = answer.code.starts_with("KMS")
                       ? "Nothing is lost. If it lasts, raise the account's KMS request quota."
                       : "No action needed: Sluice keeps retrying. S3 adapts to a new prefix "
                         "within minutes.";
  return problem;
}

Problem failing(const ObjectAnswer& answer, const Facts& facts) {
  if (answer.fault == http_client::TransportFault::body) return problem_of_unreadable(answer.message);
  Problem problem = passing_problem(answer);
  if (answer.fault != http_client::TransportFault::none) {
    problem.message = fmt::format("Sluice cannot reach {}: {}.", facts.endpoint,
                                  answer.message.empty() ? "no answer" : answer.message);
    problem.remedy =
        "Check egress, the proxy if one is in use, the VPC endpoint, and certificates. Sluice keeps retrying.";
    return problem;
  }
  problem.message =
      fmt::format("S3 answers with {} (HTTP {}) for bucket {}.", words_of(answer), answer.status, facts.bucket);
  problem.remedy = "No action needed: Sluice keeps retrying. If it lasts, check AWS's status page.";
  if (destinations::is_of_another(answer.code, answer.request_id)) {
    problem.message = fmt::format("{} answers HTTP {} for bucket {}, without an error of S3: {}", facts.endpoint,
                                  answer.status, facts.bucket, answer.message.empty() ? "no text." : answer.message);
    problem.remedy = destinations::kRemedyOfAnother;
  }
  return problem;
}

Problem forbidden_address(const ObjectAnswer& answer, const Facts& facts) {
  Problem problem = setup_problem(answer);
  problem.message = fmt::format("{} may not be called: {}", facts.endpoint, answer.message);
  problem.remedy = "Correct the destination's endpoint, or allow the address in the server's outbound.allowed.";
  return problem;
}

Problem proxy_in_the_way(const ObjectAnswer& answer, const Facts& facts) {
  Problem problem = setup_problem(answer);
  problem.message =
      fmt::format("The proxy in front of {} refuses {} (HTTP {}): {}", facts.endpoint,
                  answer.status == 407 ? "Sluice's credentials" : "to connect", answer.status, answer.message);
  problem.remedy = http_client::proxy_remedy(answer.status);
  return problem;
}

Problem problem_of_setup(const ObjectAnswer& answer, Asked asked, const Facts& facts) {
  const std::string& code = answer.code;
  if (code.starts_with("proxy_")) return proxy_in_the_way(answer, facts);
  if (code == "address_forbidden") return forbidden_address(answer, facts);
  if (code == "NoSuchBucket" || code == "InvalidBucketName") return no_bucket(answer, facts);
  if (code == "PermanentRedirect" || code == "TemporaryRedirect" || code == "AuthorizationHeaderMalformed" ||
      code == "IllegalLocationConstraintException")
    return other_region(answer, facts);
  if (code == "AccessDenied" || code == "AllAccessDisabled" || code == "AccountProblem")
    return access_denied(answer, asked, facts);
  if (code.starts_with("KMS.")) return key_unusable(answer, facts);
  if (code == "NotImplemented") return not_conditional(answer, facts);
  if (code == "InvalidStorageClass") return invalid_storage_class(answer, facts);
  if (code == "InvalidRequest") return invalid_request(answer, facts);
  if (answer.status >= 300 && answer.status < 400) return redirected(answer, facts);
  return refused(answer, facts);
}

}  // namespace

Problem problem_of_answer(const ObjectAnswer& answer, Asked asked, const Facts& facts) {
  switch (classify(answer)) {
    case ErrorClass::throttle:
      return throttled(answer, facts);
    case ErrorClass::transient:
      return failing(answer, facts);
    case ErrorClass::credentials:
      return refused_credentials(answer, facts);
    case ErrorClass::clock:
      return wrong_clock(answer);
    case ErrorClass::bytes:
      return other_bytes(answer, facts);
    case ErrorClass::setup:
      break;
  }
  return problem_of_setup(answer, asked, facts);
}

Problem problem_of_conflict(std::string_view key, const Facts& facts) {
  Problem problem{Problem::Weight::setup, "object_exists", "", "", ""};
  problem.message = fmt::format(
      "Bucket {} has an object under {} whose content is not what Sluice uploads. Sluice does not overwrite it.",
      facts.bucket, key);
  problem.remedy =
      "Does another Sluice with the same node name, or a restored copy of this one, write to this prefix? Give each "
      "its "
      "own node name or prefix. If the key does not end in the destination's id, another destination of this server "
      "with the same prefix may have put it, before keys did. Then move that object away: the upload resumes within a "
      "minute.";
  return problem;
}

Problem note_of_taken_key(std::uint64_t times, std::string_view key, std::string_view stored_as,
                          std::string_view bucket) {
  Problem note{Problem::Weight::note, "object_exists", "", "", ""};
  note.message = fmt::format(
      "Bucket {} has {} whose content is not what Sluice uploads. Sluice overwrote nothing: the events are in objects "
      "of "
      "their own. Last: {} is there, {} was added. Events may be in both.",
      bucket,
      times == 1 ? "an object under a key of this destination"
                 : fmt::format("{} objects under keys of this destination", times),
      key, stored_as);
  note.remedy =
      "Does another Sluice with the same node name, or a restored copy of this one, write to this prefix? Give each "
      "its "
      "own node name or prefix. After a lost cursor or a restored data directory it is to be expected. Deduplicate by "
      "event.id where it matters.";
  return note;
}

Problem problem_of_no_answer(std::int64_t for_ms, const Facts& facts) {
  Problem problem{Problem::Weight::transient, "no_answer", "", "", ""};
  problem.message = fmt::format("{} has not answered an upload for {}.", facts.endpoint, human_duration_ms(for_ms));
  problem.remedy =
      "Check egress, the proxy if one is in use, and the VPC endpoint; then AWS's status page. Sluice keeps retrying.";
  return problem;
}

Problem note_of_looking_first(const Facts& facts) {
  Problem note{Problem::Weight::note, "if_none_match_unknown", "", "", ""};
  note.message = fmt::format(
      "{} does not know If-None-Match: Sluice looks for each object before it uploads it, which costs a call.",
      facts.endpoint);
  note.remedy = "No action needed. Set if_none_match to off to look at once, or to on to be refused instead.";
  return note;
}

Problem problem_of_spool(bool no_space, std::string_view message) {
  Problem problem{Problem::Weight::setup, no_space ? "spool_full" : "spool_failed", "", "", ""};
  problem.message = fmt::format("The spool cannot be written: {}. Events stay in the journal.", message);
  problem.remedy = no_space ? "Free space on the disk of the data directory. Delivery resumes by itself."
                            : "Fix what the message names. Sluice keeps retrying.";
  return problem;
}

Problem problem_of_unreadable(std::string_view message) {
  Problem problem{Problem::Weight::transient, "spool_unreadable", "", "", ""};
  problem.message =
      fmt::format("A finished object cannot be read from this server's disk: {}. S3 has no part in it.", message);
  problem.remedy =
      "Check the disk of the data directory, and what changes files there. The object is built again from the journal.";
  return problem;
}

Problem note_of_damage(std::size_t files, std::string_view last) {
  Problem note{Problem::Weight::note, "spool_damaged", "", "", ""};
  note.message = fmt::format(
      "Finished objects that are damaged on this server's disk, or have lost their manifest: {}. The last: {}. Their "
      "events are read from the journal again, into other objects. If one of them had arrived in the bucket, its "
      "events "
      "are in two objects.",
      files, last);
  note.remedy =
      "Check the disk of the data directory, and what changes files there. Events of two objects have the same ids.";
  return note;
}

Problem note_of_rebuilt(const RebuiltCounts& counts, std::string_view last_key) {
  Problem note{Problem::Weight::note, "spool_rebuilt_differently", "", "", ""};
  note.message = fmt::format(
      "{} lost on this server's disk and built again from the journal, with the settings of now: {} events instead of "
      "the {} that were selected when {} finished. Which those were cannot be known. Last: {}.",
      counts.objects == 1 ? "A finished object was" : fmt::format("{} finished objects were", counts.objects),
      counts.events, counts.sealed_events, counts.objects == 1 ? "it was" : "they were", last_key);
  note.remedy =
      "Check the disk of the data directory. If an object had arrived in the bucket, it is there with all its events. "
      "Else replay the time with the settings of then, if the difference matters.";
  return note;
}

}  // namespace sluice::s3
