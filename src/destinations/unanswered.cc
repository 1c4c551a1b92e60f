#include "destinations/unanswered.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"
#include "base/text.h"

namespace sluice::destinations {
namespace {

// The text names a duration: written again this often.
constexpr std::int64_t kTellAgainUs = 4'000'000;
// And in no step before that.
constexpr std::int64_t kWriteAgainUs = 1'000'000;
constexpr std::int64_t kLogUnansweredUs = 60'000'000;

}  // namespace

void UnansweredWatch::begin(std::int64_t now_us) {
  now_us_ = now_us;
  due_us_ = INT64_MAX;
  oldest_.reset();
  others_ = 0;
  newly_told_ = false;
}

void UnansweredWatch::consider(const Told& told) {
  if (oldest_) ++others_;
  if (!oldest_ || told.payload.since_us < oldest_->payload.since_us) oldest_ = told;
}

void UnansweredWatch::in_flight(Unanswered& payload, std::int64_t started_us, std::size_t size) {
  const std::int64_t told_from_us = payload.silent_since_us + kNoAnswerUs;
  if (now_us_ >= told_from_us) {
    newly_told_ = newly_told_ || !payload.told;
    payload.told = telling_ = true;
    stops_all_ = stops_all_ || accepted_us_ < payload.silent_since_us;
  } else {
    due_us_ = std::min(due_us_, told_from_us);
  }
  if (payload.told) consider({payload, started_us, 0, size});
}

void UnansweredWatch::waiting(const Unanswered& payload, std::int64_t due_us, std::size_t size) {
  if (payload.told) consider({payload, 0, due_us, size});
}

exporting::Problem UnansweredWatch::problem_of(const UnansweredWords& words, std::int64_t wall_ms) const {
  const auto wall_of = [&](std::int64_t us) { return wall_ms - (now_us_ - us) / 1'000; };
  const Unanswered& payload = oldest_->payload;
  exporting::Problem problem;
  problem.weight = stops_all_ ? exporting::Problem::Weight::transient : exporting::Problem::Weight::note;
  problem.code = kNoAnswer;
  problem.since_ms = wall_of(payload.since_us);
  problem.last_seen_ms = wall_ms;
  problem.times = payload.tries + (oldest_->started_us != 0 ? 1 : 0);
  const std::string timeout = human_duration_ms(words.timeout_ms);
  const std::string since = iso_time_ms(problem.since_ms);
  const auto sent = [&](std::uint32_t times) {
    return times == 1 ? fmt::format("sent at {}", since) : fmt::format("sent {} times since {}", grouped(times), since);
  };
  if (oldest_->started_us != 0 && payload.tries == 0) {
    const std::int64_t seconds = (now_us_ - oldest_->started_us) / 1'000'000;
    problem.message = fmt::format("{}: no answer yet for {} to {}, {}.", words.who, human_duration_ms(seconds * 1'000),
                                  words.what, sent(1));
  } else if (oldest_->started_us != 0) {
    problem.message = fmt::format("{}: no answer yet to {}, {}.", words.who, words.what, sent(payload.tries + 1));
  } else if (payload.timed_out) {
    problem.message =
        fmt::format("{} has not answered {} within {}, {}.", words.who, words.what, timeout, sent(payload.tries));
  } else {
    problem.message = fmt::format("{} has not accepted {}, {}.", words.who, words.what, sent(payload.tries));
  }
  if (others_ > 0) problem.message += fmt::format(" The same holds for {} more.", grouped(others_));
  if (oldest_->started_us == 0) {
    problem.next_try_ms = wall_of(oldest_->due_us);
    problem.remedy = "Sluice sends it again until it is accepted.";
  } else {
    problem.remedy = fmt::format("Sluice waits for an answer for {}, and then sends it again.", timeout);
  }
  problem.remedy += fmt::format(" {}", words.advice);
  return problem;
}

std::optional<std::string> UnansweredWatch::tell(const UnansweredWords& words, ProblemBook& problems,
                                                 std::int64_t wall_ms) {
  const std::string code(kNoAnswer);
  if (!oldest_) {
    if (telling_) {
      problems.clear(Trouble::progress);
      problems.clear_note(code);
    }
    telling_ = stops_all_ = false;
    return std::nullopt;
  }
  due_us_ = std::min(due_us_, now_us_ + kTellAgainUs);
  const bool is_written = !newly_told_ && now_us_ - written_us_ < kWriteAgainUs &&
                          written_started_us_ == oldest_->started_us &&
                          written_since_us_ == oldest_->payload.since_us && written_stops_all_ == stops_all_;
  if (is_written) return std::nullopt;
  written_us_ = now_us_;
  written_started_us_ = oldest_->started_us;
  written_since_us_ = oldest_->payload.since_us;
  written_stops_all_ = stops_all_;
  exporting::Problem problem = problem_of(words, wall_ms);
  std::string line = problem.message + " " + problem.remedy;
  if (stops_all_) {
    problems.clear_note(code);
    problems.show(Trouble::progress, std::move(problem));
  } else {
    problems.show_note(std::move(problem));
  }
  if (!newly_told_ || now_us_ - logged_us_ < kLogUnansweredUs) return std::nullopt;
  logged_us_ = now_us_;
  return line;
}

}  // namespace sluice::destinations
