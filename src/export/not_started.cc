#include "export/not_started.h"

#include <utility>

#include "base/log.h"
#include "export/health.h"

namespace sluice::exporting {

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
  problem.since_ms = before != nullptr ? before->pipeline.problem->since_ms : now_ms;
  problem.last_seen_ms = now_ms;
  problem.times = before != nullptr ? before->pipeline.problem->times + 1 : 1;
  if (before == nullptr)
    log_error("destination.not_started",
              {{"destination", destination.name}, {"reason", problem.message}, {"remedy", problem.remedy}});
  status->pipeline.problem = std::move(problem);
  return status;
}

}  // namespace sluice::exporting
