// Translates errors of S3 and of the spool into messages and remedies for people, with the user's own values. Each
// function is one row, or some, of docs/states-and-remedies.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "destinations/s3/error_class.h"
#include "destinations/s3/object_answer.h"
#include "export/health.h"

namespace sluice::s3 {

// The user's own values. Empty: not known.
struct DestinationFacts {
  std::string bucket, prefix, region, endpoint;
  std::string role_arn = {};  // empty: Sluice uses its own identity
  std::string identity = {};  // ARN that Sluice runs as
  std::string kms_key_id = {};
  std::string storage_class = {};
  std::string expected_owner = {};
  bool looks_first = false;  // BucketFacts::conditional is false
};

// What was asked when the error came.
enum class Asked : std::uint8_t { put, head };

// `since_ms` and the like are left to the caller.
exporting::Problem problem_of_answer(const ObjectAnswer& answer, Asked asked, const DestinationFacts& facts);
// `times` objects had to get another key than theirs; the last one `stored_as` instead of `key`.
exporting::Problem note_of_taken_key(std::uint64_t times, std::string_view key, std::string_view stored_as,
                                     std::string_view bucket);
// Something else lies under the key, and it is not known what.
exporting::Problem problem_of_conflict(std::string_view key, const DestinationFacts& facts);
// An upload is sent, and nothing comes back.
exporting::Problem problem_of_no_answer(std::int64_t for_ms, const DestinationFacts& facts);
exporting::Problem note_of_looking_first(const DestinationFacts& facts);
// The disk refuses the spool.
exporting::Problem problem_of_spool(bool no_space, std::string_view message);
// A sealed object is not on the disk as it was written.
exporting::Problem problem_of_unreadable(std::string_view message);

// Damaged files of the spool since the destination was started, the last with its reason.
exporting::Problem note_of_damage(std::size_t files, std::string_view last);
// Objects that were rebuilt with other events since the destination was started.
struct RebuiltCounts {
  std::uint64_t objects = 0, sealed_events = 0, events = 0;
};
exporting::Problem note_of_rebuilt(const RebuiltCounts& counts, std::string_view last_key);

}  // namespace sluice::s3
