#include "export/describe.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"
#include "base/text.h"

namespace sluice::exporting {
namespace {

std::uint64_t whole(double rate) { return static_cast<std::uint64_t>(rate + 0.5); }
std::string per_second(double rate) { return grouped(whole(rate)); }

std::string trend(const DestinationStatus& status) {
  const double gain = status.delivered_per_s - status.accepted_per_s;
  if (gain > 0) {
    const double seconds = static_cast<double>(status.pipeline.balance.waiting) / gain;
    return fmt::format("Catching up, about {}.", human_duration_ms(static_cast<std::int64_t>(seconds * 1000)));
  }
  return fmt::format("Receiving {}/s, delivering {}/s.", per_second(status.accepted_per_s),
                     per_second(status.delivered_per_s));
}

}  // namespace

std::string describe(const DestinationStatus& status, std::int64_t now_ms) {
  const Balance& balance = status.pipeline.balance;
  // What it delivers: a tee forwards payloads of several events.
  const char* const unit = status.destination.wants_originals ? "payload" : "event";
  const std::string backlog = fmt::format("{} queued, oldest {}.", counted(balance.waiting, unit),
                                          human_duration_ms(status.oldest_waiting_age_ms));
  switch (status.state) {
    case DestinationState::off:
      return fmt::format(
          "Switched off. {}s stay in the journal until its retention time is over. Switched on again, delivery resumes "
          "where it stopped.",
          status.destination.wants_originals ? "Payload" : "Event");
    case DestinationState::idle:
      return fmt::format("No {}s in the last minute. Backlog empty.", unit);
    case DestinationState::delivering:
      if (whole(status.delivered_per_s) == 0 && status.delivered_per_s > 0)
        return fmt::format("Delivering less than 1 {}/s.", unit);
      return fmt::format("Delivering {}/s.", counted(whole(status.delivered_per_s), unit));
    case DestinationState::behind:
      return fmt::format("{} {}", backlog, trend(status));
    case DestinationState::waiting:
    case DestinationState::blocked:
      break;
  }
  if (!status.pipeline.problem) return backlog;
  const Problem& problem = *status.pipeline.problem;
  std::string text = problem.message;
  if (!text.ends_with('.')) text += '.';
  if (problem.since_ms > 0) text += fmt::format(" Since {}.", iso_time_ms(problem.since_ms));
  if (problem.next_try_ms > now_ms)
    text += fmt::format(" Next try in {}.", human_duration_ms(problem.next_try_ms - now_ms));
  const bool lost = std::ranges::any_of(status.pipeline.notes, &Problem::tells_loss);
  const char* const nothing = lost ? "Nothing more is lost:" : "Nothing is lost:";
  if (problem.code == kNotStarted)
    return fmt::format("{} {} at most {} queued, all that the journal holds of its environment.", text, nothing,
                       counted(balance.waiting, unit));
  return fmt::format("{} {} {}", text, nothing, backlog);
}

}  // namespace sluice::exporting
