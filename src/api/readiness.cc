#include "api/readiness.h"

namespace sluice::api {

std::string phase_name(ServerPhase phase) {
  switch (phase) {
    case ServerPhase::starting:
      return "starting";
    case ServerPhase::ready:
      return "ready";
    case ServerPhase::draining:
      return "draining";
  }
  return "unknown";
}

std::string not_ready_because(const ServerView& view) {
  if (view.phase == ServerPhase::draining) return kDraining;
  if (view.phase == ServerPhase::starting || !view.catalog.current()) return kStarting;
  const auto journal = view.journal.status();
  if (journal->stats.free_bytes == 0 || journal->refuses_all)
    return "The journal is full of undelivered events: SDKs are answered 503. Fix the destinations that do not "
           "deliver (GET /status on the admin port), or give the journal more room (journal.max_bytes, disk space).";
  return "";
}

}  // namespace sluice::api
