#include "destinations/credentials_use.h"

#include <utility>

namespace sluice::destinations {
namespace {

constexpr std::int64_t kLookAtCredentialsUs = 10'000'000;

}  // namespace

bool CredentialsUse::take(std::int64_t now_us, const CallerFacts& caller, ProblemBook& problems,
                          CircuitBreaker& breaker) {
  usable_ = view_->current();
  if (usable_) {
    none_since_us_ = 0;
  } else if (none_since_us_ == 0) {
    none_since_us_ = now_us;
  }
  const bool good = usable_ && usable_ != refused_;
  const bool unreported = !good && (!problems.has(Trouble::credentials) || passing_reported_);
  if (now_us - seen_us_ >= kLookAtCredentialsUs || unreported) {
    seen_us_ = now_us;
    check(now_us, caller, problems);
  }
  if (!usable_) return false;
  if (usable_ != noted_) note(problems);
  if (good) problems.clear(Trouble::credentials);
  if (refused_ && usable_ != refused_ && !refreshed_ && !breaker.closed()) {
    refreshed_ = true;
    breaker.probe_now(now_us);
  }
  return true;
}

// Credentials that cannot be renewed are reported before they expire, and at once when AWS already refuses them.
void CredentialsUse::check(std::int64_t now_us, const CallerFacts& caller, ProblemBook& problems) {
  const auto error = view_->error();
  passing_reported_ = error && error->passing;
  if (!error) {
    problems.clear_note("credentials_not_renewed");
    if (!usable_ && now_us - none_since_us_ >= kNoAnswerUs)
      problems.set(Trouble::credentials, problem_of_slow_credentials(kNoAnswerUs / 1000, caller), clock_.wall_ms());
    return;
  }
  if (error->passing && usable_ && usable_ != refused_) return;
  exporting::Problem problem = problem_of_credentials(*error, caller);
  if (!usable_ || usable_ == refused_) {
    problems.set(Trouble::credentials, std::move(problem), clock_.wall_ms());
    return;
  }
  problem.weight = exporting::Problem::Weight::note;
  problem.message = "Delivery works, but the AWS credentials in use could not be renewed. " + problem.message;
  problem.code = "credentials_not_renewed";
  problems.note(std::move(problem), clock_.wall_ms());
}

// What is worth knowing of those in use.
void CredentialsUse::note(ProblemBook& problems) {
  if (noted_)
    for (const aws::CredentialsNote& note : noted_->notes) problems.clear_note(note.code);
  for (const aws::CredentialsNote& note : usable_->notes) problems.note(note_of_credentials(note), clock_.wall_ms());
  noted_ = usable_;
}

void CredentialsUse::refuse(const std::shared_ptr<const aws::Credentials>& refused) {
  refused_ = refused;
  view_->refuse(refused);
}

void CredentialsUse::accepted() {
  refused_.reset();
  refreshed_ = false;
}

}  // namespace sluice::destinations
