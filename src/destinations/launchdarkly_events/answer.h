// What an answer of the event service means for a payload, and for the lane that it went by. Pure.
// docs/states-and-remedies.md
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/credential_kind.h"
#include "export/health.h"
#include "http_client/http_transport.h"

namespace sluice::launchdarkly_events {

enum class Verdict : std::uint8_t {
  done,       // the service has it
  reject,     // it refuses this payload: for good, if it accepts others (lane.h)
  too_large,  // perhaps in two halves
  park,       // only a person can fix what refuses: keep everything, and probe
  again,      // later; the service or the way to it fails for a time
};

struct AnswerMeaning {
  Verdict verdict = Verdict::again;
  int status = 0;                  // of the answer; 0: there was none
  std::string code;                // "http_401", "timeout": stable, for machines
  std::string reason;              // the answer's words or the transport's
  std::int64_t not_before_us = 0;  // of `again`: from now, as Retry-After asks; 0: it does not ask
  bool asks_to_wait() const { return not_before_us > 0 || status == 429; }
};

// Longest pause that an answer can ask for: it is the service's word, and it may be wrong.
inline constexpr std::int64_t kMaxRetryAfterUs = 300'000'000;

AnswerMeaning meaning_of(const http_client::HttpResponse& response, std::int64_t now_ms);

// For people: what stands in the way of the payloads that came with that kind of credential. `uri`: where they go.
exporting::Problem problem_of(const AnswerMeaning& meaning, CredentialKind lane, std::string_view uri);
// The code of a note: one payload is not accepted, and others are.
inline constexpr std::string_view kOneNotAccepted = "payload_not_accepted";
exporting::Problem problem_of_one_payload(const AnswerMeaning& meaning, CredentialKind lane, std::string_view uri);
// The environment has no credential of that kind any more.
exporting::Problem problem_of_missing_credential(CredentialKind lane);
// "SDK key", "mobile key", "client-side id"
std::string_view lane_name(CredentialKind lane);

}  // namespace sluice::launchdarkly_events
