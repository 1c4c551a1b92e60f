// Tries a destination step by step, from Sluice's own identity to a record in the stream, and says of each step how it
// stands and what to do. It makes the same calls to AWS as delivery, with the same identity, role and client.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/snapshot.h"
#include "export/test_event.h"
#include "kinesis/make_kinesis_sink.h"

namespace sluice::kinesis {

enum class CheckStatus : std::uint8_t {
  ok,
  warning,  // works, but had better be changed
  failed,
  unknown,  // could not be found out; delivery may work all the same
  skipped,  // a step before it failed, or there is nothing to check
};
std::string_view check_status_name(CheckStatus status);

struct CheckStep {
  std::string name;   // "assumeRole": stable, for machines
  std::string title;  // for people
  CheckStatus status = CheckStatus::skipped;
  std::string message, remedy;
  std::string code, request_id;  // AWS's, when a step failed
  std::string policy;            // JSON to paste; empty: none helps
};

// All steps, in order: credentials, assumeRole, externalId, stream, put, encryption, recordLimit, clock. Blocks for
// seconds, a minute at the worst. `put` puts one test event: nothing else proves the permission. Not on the transport's
// thread.
std::vector<CheckStep> check_destination(const catalog::Destination& destination, const KinesisParts& parts,
                                         const std::function<exporting::TestEventOutcome()>& put);

}  // namespace sluice::kinesis
