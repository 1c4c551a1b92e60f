// Calls that have had no answer for long, and what is told of them before they fail: a call that hangs fails only when
// its timeout is over. What was told of a payload stays told, over all further attempts, until the payload is accepted
// or a dead letter: the status does not flip with each attempt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "destinations/problem_book.h"
#include "destinations/retry_policy.h"

namespace sluice::destinations {

// Of one payload, over its attempts; kept by whoever keeps the payload. Times are of the steady clock.
struct Unanswered {
  std::int64_t since_us = 0;  // when the first attempt began; 0: none did
  // When the first began of the last ones without an answer, one under way among them.
  std::int64_t silent_since_us = 0;
  std::uint32_t tries = 0;  // attempts that ended
  bool timed_out = false;   // the last of them ended without an answer
  bool told = false;

  void attempt_begins(std::int64_t now_us) {
    if (since_us == 0) since_us = now_us;
    if (!timed_out) silent_since_us = now_us;
  }
  void attempt_ends(bool without_answer) {
    ++tries;
    timed_out = without_answer;
  }
};

// How the kind names things in the message.
struct UnansweredWords {
  std::string_view who;         // "hooks.example.com"
  std::string what;             // "a batch of 11 events"
  std::int64_t timeout_ms = 0;  // of a call
  std::string_view advice;      // what a person can do
};

// The code of the problem and of the note.
inline constexpr std::string_view kNoAnswer = "no_answer";

// One thread. In each step: begin(); in_flight() of all calls; if is_telling(), waiting() of all payloads that are in
// no call; then oldest() and tell().
class UnansweredWatch {
 public:
  // A call was accepted.
  void accepted(std::int64_t now_us) { accepted_us_ = now_us; }

  void begin(std::int64_t now_us);
  void in_flight(Unanswered& payload, std::int64_t started_us, std::size_t size);
  void waiting(const Unanswered& payload, std::int64_t due_us, std::size_t size);
  bool is_telling() const { return telling_; }

  struct Told {
    Unanswered payload;
    std::int64_t started_us = 0;  // of the attempt under way; 0: none is
    std::int64_t due_us = 0;      // else of the next one
    std::size_t size = 0;         // as given
  };
  const std::optional<Told>& oldest() const { return oldest_; }

  // Sets or clears the problem (nothing was accepted since, or it was one already) or the note (others are accepted).
  // Returns a line for the log when one was told that was not told before, at most one a minute.
  std::optional<std::string> tell(const UnansweredWords& words, ProblemBook& problems, std::int64_t wall_ms);
  // When to look again; INT64_MAX: never.
  std::int64_t due_us() const { return due_us_; }

 private:
  void consider(const Told& told);
  exporting::Problem problem_of(const UnansweredWords& words, std::int64_t wall_ms) const;

  std::int64_t now_us_ = 0, due_us_ = INT64_MAX;
  std::int64_t accepted_us_ = INT64_MIN, logged_us_ = INT64_MIN / 2;
  std::optional<Told> oldest_;
  std::size_t others_ = 0;  // told ones beside the oldest
  bool telling_ = false;    // since the step before, or in this one
  bool stops_all_ = false;  // shown as a problem, until none is told
  bool newly_told_ = false;
  // What the text in force was written of.
  std::int64_t written_us_ = INT64_MIN / 2, written_started_us_ = 0, written_since_us_ = 0;
  bool written_stops_all_ = false;
};

}  // namespace sluice::destinations
