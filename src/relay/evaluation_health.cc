#include "relay/evaluation_health.h"

#include <optional>
#include <utility>

#include "base/log.h"

namespace sluice::relay {

std::string_view evaluation_state_name(EvaluationState state) {
  constexpr std::array<std::string_view, kEvaluationStates.size()> kNames = {"not asked", "answering", "failing"};
  return kNames[static_cast<std::size_t>(state)];
}

EvaluationHealth::Source EvaluationHealth::source_of(const catalog::Environment& environment) {
  return {environment.id, environment.project_key, environment.key, environment.flag_source.client_base_uri};
}

void EvaluationHealth::note(const Source& source, const EvaluationFailure& failure) {
  const std::int64_t now_ms = clock_.wall_ms();
  std::optional<std::uint64_t> suppressed;
  {
    const std::lock_guard lock(mutex_);
    Record& record = records_[source.environment_id];
    if (record.address != source.address) {
      Record next;
      next.address = source.address;
      next.answered = record.answered;
      next.failed = record.failed;
      record = std::move(next);
    }
    if (failure) {
      ++record.failed;
      if (record.failing_since_ms == 0) record.failing_since_ms = now_ms;
      record.failure = failure;
      suppressed = record.gate.pass(clock_.steady_us(), log_interval_ms_);
    } else {
      ++record.answered;
      record.answered_ms = now_ms;
      if (std::exchange(record.failing_since_ms, 0) != 0 || record.first_answered_ms == 0)
        record.first_answered_ms = now_ms;
    }
  }
  if (suppressed)
    log_warn("relay.no_evaluations", {{"project", source.project},
                                      {"environment", source.environment},
                                      {"address", source.address},
                                      {"reason", failure.reason},
                                      {"remedy", failure.remedy},
                                      {"suppressed", *suppressed}});
}

EvaluationStatus EvaluationHealth::status(const catalog::Environment& environment) const {
  const std::int64_t now_ms = clock_.wall_ms();
  const std::lock_guard lock(mutex_);
  EvaluationStatus status;
  const auto found = records_.find(environment.id);
  if (found == records_.end()) return status;
  const Record& record = found->second;
  status.answered = record.answered;
  status.failed = record.failed;
  if (record.address != environment.flag_source.client_base_uri) return status;
  status.answered_ms = record.answered_ms;
  const bool answered_lately = record.answered_ms != 0 && now_ms - record.answered_ms < kFailingAfterMs;
  if (record.failing_since_ms == 0 || answered_lately) {
    status.state = EvaluationState::answering;
    status.since_ms = record.first_answered_ms;
  } else {
    status.state = EvaluationState::failing;
    status.since_ms = record.failing_since_ms;
    status.failure = record.failure;
  }
  return status;
}

}  // namespace sluice::relay
