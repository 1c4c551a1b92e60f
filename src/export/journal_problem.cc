#include "export/journal_problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "export/limits.h"

namespace sluice::exporting {

void JournalProblem::note_read_failure(const storage::FileError& failure) {
  note(Problem::Weight::transient, "journal_read_failed",
       fmt::format("The journal cannot be read: {}.", failure.message),
       "Sluice reads again and again, and delivers nothing behind it until it reads. Nothing is lost yet: "
       "check the disk. If this part of the file is lost for good, stop Sluice, put a copy in its place "
       "in which zeros stand for what cannot be read (dd conv=noerror,sync bs=4096), and start it.");
}

void JournalProblem::note(Problem::Weight weight, const char* code, std::string message, const char* remedy) {
  const std::int64_t now_ms = clock_.wall_ms();
  if (!problem_ || problem_->code != code) {
    log_error("export.journal_problem",
              {{"destination", destination_name_}, {"code", code}, {"reason", message}, {"remedy", remedy}});
    problem_ = Problem{weight, code, "", remedy, "", now_ms, now_ms, 0, 0};
  }
  problem_->message = std::move(message);
  problem_->last_seen_ms = now_ms;
  const auto doublings = std::min<std::uint64_t>(problem_->times++, 8);
  const std::int64_t pause_us = std::min(kJournalRetryUs << doublings, kJournalRetryAtMostUs);
  next_try_us_ = clock_.steady_us() + pause_us;
  problem_->next_try_ms = now_ms + pause_us / 1000;
}

void JournalProblem::clear() {
  if (!problem_) return;
  log_info("export.journal_goes_on", {{"destination", destination_name_}, {"code", problem_->code}});
  problem_.reset();
}

}  // namespace sluice::exporting
