// The credentials that a sink signs with: what is usable now, what is reported about them, and what follows when AWS
// refuses some: fresh ones are tried at once, but only once in a row. One thread. Times are of the steady clock, in
// microseconds.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "destinations/circuit_breaker.h"
#include "destinations/credentials_problems.h"
#include "destinations/credentials_view.h"
#include "destinations/problem_book.h"
#include "destinations/retry_policy.h"

namespace sluice::destinations {

// Who waits for credentials looks again this often even when nobody notifies.
inline constexpr std::int64_t kCredentialsPollUs = 1'000'000;

class CredentialsUse {
 public:
  CredentialsUse(std::shared_ptr<CredentialsView> view, const Clock& clock) : view_(std::move(view)), clock_(clock) {}

  // Whether there is something to sign with: usable(). Problems and notes go into the book. Credentials that AWS
  // refused are tried again when the breaker lets a probe through.
  bool take(std::int64_t now_us, const CallerFacts& caller, ProblemBook& problems, CircuitBreaker& breaker);
  // Null when there are none.
  const std::shared_ptr<const aws::Credentials>& usable() const { return usable_; }
  // AWS did not accept these.
  void refuse(const std::shared_ptr<const aws::Credentials>& refused);
  // A call succeeded.
  void accepted();
  std::optional<aws::CredentialsError> error() const { return view_->error(); }

 private:
  void check(std::int64_t now_us, const CallerFacts& caller, ProblemBook& problems);
  void note(ProblemBook& problems);

  const std::shared_ptr<CredentialsView> view_;
  const Clock& clock_;
  std::shared_ptr<const aws::Credentials> usable_;   // what the next call is signed with
  std::shared_ptr<const aws::Credentials> refused_;  // that AWS did not accept
  std::shared_ptr<const aws::Credentials> noted_;    // whose notes are shown
  bool passing_reported_ = false;                    // the failure that is shown may pass: look again soon
  std::int64_t seen_us_ = INT64_MIN / 2;             // when their error was last checked
  std::int64_t none_since_us_ = 0;                   // 0: there are some
  bool refreshed_ = false;                           // since AWS first refused
};

}  // namespace sluice::destinations
