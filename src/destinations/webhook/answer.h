// What the answer of a receiver means for a batch: one pure function, whose rows are those of
// docs/states-and-remedies.md. Answers are read as hostile.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "export/health.h"
#include "http_client/http_transport.h"

namespace sluice::webhook {

enum class Action : std::uint8_t {
  done,
  retry,   // the same batch, for ever, with growing pauses
  halve,   // it is too large: each half in a request of its own
  reject,  // it is one event and still too large. For the dead letters once the receiver takes others: as long as it
           // takes none, something on the way may refuse everything
  park,    // only a person can fix it: nothing is lost, and one batch is tried now and then
  stop,    // the receiver wants no more: nothing is tried until somebody changes the destination
};

// A receiver may ask for a pause, but not stop delivery for days by a mistake in one header.
inline constexpr std::int64_t kMaxRetryAfterMs = 3'600'000;

struct Verdict {
  Action action = Action::done;
  std::int64_t retry_after_ms = -1;  // of `retry`: what the receiver asked for, at most the above; -1: nothing
  exporting::Problem problem;        // unless `done`; times are left to the caller
};

struct AnswerFacts {
  std::string_view url;        // that was called; of it, messages show the host alone
  std::size_t events = 1;      // in the batch
  std::size_t body_bytes = 0;  // as sent
  // Values of headers and the like that messages must not show, should the receiver repeat them.
  std::span<const std::string> secrets = {};
};

Verdict judge(const http_client::HttpResponse& response, const AnswerFacts& facts, std::int64_t now_wall_ms);

// The pause that a Retry-After asks for, in seconds or until a date (RFC 9110, 10.2.3); -1 if it is neither. Between 0
// and kMaxRetryAfterMs.
std::int64_t retry_after_ms(std::string_view header, std::int64_t now_wall_ms);

}  // namespace sluice::webhook
