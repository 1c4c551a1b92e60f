// Translates errors of AWS and Sluice into messages and remedies for people, with the user's own values. Each function
// is one row of docs/states-and-remedies.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "destinations/credentials_problems.h"
#include "destinations/kinesis/error_class.h"
#include "export/health.h"

namespace sluice::kinesis {

// The user's own values. Empty: not known.
struct DestinationFacts {
  std::string stream_name;
  std::string stream_arn;  // with the account left as "ACCOUNT_ID" when it is not known
  std::string region;
  std::string account;
  std::string role_arn;  // empty: Sluice uses its own identity
  std::string external_id;
  std::string identity;  // ARN that Sluice runs as
  std::string endpoint;
  std::string key_id;  // of the stream's encryption
};

inline destinations::CallerFacts caller_of(const DestinationFacts& facts) {
  return {facts.role_arn, facts.external_id, facts.identity};
}

// The figures in a throttling message; 0: not known.
struct ThrottleFacts {
  double records_per_s = 0, bytes_per_s = 0;  // that Sluice put, retries included; less than what arrives
  std::uint32_t shards = 0;
  bool on_demand = false;
  std::uint64_t waiting_events = 0;
};

// `since_ms` and the like are left to the caller.
exporting::Problem problem_of_call(const destinations::CallError& error, destinations::ErrorClass error_class,
                                   const DestinationFacts& facts);
exporting::Problem problem_of_throttling(std::string_view code, const ThrottleFacts& throttle,
                                         const DestinationFacts& facts);
// Whether more shards end the problem of a provisioned stream, and how many: for who knows what arrives, which the
// sink does not.
bool asks_for_shards(const exporting::Problem& problem);
struct ShardFacts {
  std::uint64_t advised = 1, open = 0;       // open 0: not known
  double events_per_s = 0, bytes_per_s = 0;  // the peak that arrives
};
std::string remedy_by_shards(const ShardFacts& shards);
exporting::Problem problem_of_stream_status(std::string_view status, const DestinationFacts& facts);
// Calls are sent, and nothing is accepted: no answer at all (no code), or records that fail with this code.
exporting::Problem problem_of_no_answer(std::string_view last_code, std::int64_t for_ms, const DestinationFacts& facts);
// Something on the way refuses even a call of this one event for its size, while smaller ones may pass.
exporting::Problem problem_of_held_event(const destinations::CallError& error, std::uint64_t record_bytes,
                                         const DestinationFacts& facts);
// Describing is optional: a note.
exporting::Problem note_of_describing(const destinations::CallError& error, const DestinationFacts& facts);

// The reason kept with a dead letter.
std::string reason_too_large(std::uint64_t record_bytes, std::uint64_t limit_bytes, const DestinationFacts& facts);
std::string reason_refused(const destinations::CallError& error, std::uint64_t record_bytes,
                           const DestinationFacts& facts);

}  // namespace sluice::kinesis
