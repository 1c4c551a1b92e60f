#include "destinations/blocked_sink.h"

#include <string>

namespace sluice::destinations {

exporting::Problem problem_of_settings(std::string_view reason) {
  exporting::Problem problem{exporting::Problem::Weight::setup, "settings_invalid", std::string(reason), "", ""};
  problem.remedy = "Fix the destination's settings or the environment variable that the message names.";
  return problem;
}

BlockedSink::BlockedSink(std::string_view reason, const Clock& clock) : problem_(problem_of_settings(reason)) {
  problem_.since_ms = problem_.last_seen_ms = clock.wall_ms();
  problem_.times = 1;
}

}  // namespace sluice::destinations
