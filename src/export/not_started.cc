#include "export/not_started.h"

#include <utility>

#include "base/log.h"

namespace sluice::exporting {
namespace {

void note_time(Problem& problem, const Problem* before, std::int64_t now_ms) {
  problem.since_ms = before != nullptr ? before->since_ms : now_ms;
  problem.last_seen_ms = now_ms;
  problem.times = before != nullptr ? before->times + 1 : 1;
}

}  // namespace

std::shared_ptr<DestinationStatus> not_started_status(const catalog::Destination& destination, const Error& why,
                                                      std::uint64_t waiting, const DestinationStatus* before,
                                                      std::int64_t now_ms) {
  auto status = std::make_shared<DestinationStatus>();
  status->destination = destination;
  status->state = DestinationState::blocked;
  status->state_since_ms = before != nullptr ? before->state_since_ms : now_ms;
  status->pipeline.balance.waiting = status->pipeline.balance.accepted = waiting;
  Problem problem;
  problem.weight = Problem::Weight::setup;
  problem.code = kNotStarted;
  problem.message = why.message;
  problem.remedy =
      destination.wants_originals
          ? "Sluice keeps the destination's payloads. Restore the file; or switch the destination off and on again: "
            "it then resumes with what comes from that moment, and what came since the loss is not forwarded."
          : "Sluice tries again once a second, and keeps the destination's events. Check the disk and the permissions "
            "of the data directory. If this file is lost for good, remove it: delivery then restarts at the oldest "
            "event in the journal.";
  note_time(problem, before != nullptr ? &*before->pipeline.problem : nullptr, now_ms);
  if (before == nullptr)
    log_error("destination.not_started",
              {{"destination", destination.name}, {"reason", problem.message}, {"remedy", problem.remedy}});
  status->pipeline.problem = std::move(problem);
  return status;
}

Problem place_unknown_note(const catalog::Destination& destination, const Error& why, const Problem* before,
                           std::int64_t now_ms) {
  Problem note;
  note.weight = Problem::Weight::note;
  note.code = "place_unknown";
  note.message = why.message;
  note.remedy =
      "The destination is off. Sluice tries again once a second, and gives up no event that it may need. Check the "
      "disk "
      "and the permissions of the data directory.";
  note_time(note, before, now_ms);
  if (before == nullptr)
    log_error("destination.place_unknown",
              {{"destination", destination.name}, {"reason", note.message}, {"remedy", note.remedy}});
  return note;
}

}  // namespace sluice::exporting
