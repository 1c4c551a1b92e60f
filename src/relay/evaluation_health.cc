#include "relay/evaluation_health.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"

namespace sluice::relay {

std::string_view evaluation_state_name(EvaluationState state) {
  constexpr std::array<std::string_view, kEvaluationStates.size()> kNames = {"not asked", "answering", "failing"};
  return kNames[static_cast<std::size_t>(state)];
}

EvaluationHealth::Source EvaluationHealth::source_of(const catalog::Environment& environment,
                                                     CredentialKind credential) {
  return {environment.id, credential, environment.project_key, environment.key,
          environment.flag_source.client_base_uri};
}

EvaluationHealth::Record& EvaluationHealth::record_of(const Source& source) {
  Record& record = records_[{source.environment_id, source.credential}];
  if (record.address != source.address) {
    Record next;
    next.address = source.address;
    next.answered = record.answered;
    next.failed = record.failed;
    record = std::move(next);
  }
  return record;
}

void EvaluationHealth::note_refused_context(const Source& source) {
  bool ever_answered = false;
  {
    const std::lock_guard lock(mutex_);
    const Record& record = record_of(source);
    ever_answered = record.answered_ms != 0;
    const bool still_fails = record.failing_since_ms != 0 && clock_.wall_ms() - record.failed_ms >= kFailingAfterMs;
    if (ever_answered && !still_fails) return;
  }
  note(source,
       {ever_answered ? "It answers 400." : "It answers 400 to every request so far.",
        "Look whether flagBaseUri is the address of LaunchDarkly, an ld-relay or another Sluice, with https where "
        "it wants that."});
}

void EvaluationHealth::note(const Source& source, const EvaluationFailure& failure) {
  const std::int64_t now_ms = clock_.wall_ms();
  std::optional<std::uint64_t> suppressed;
  {
    const std::lock_guard lock(mutex_);
    Record& record = record_of(source);
    if (failure) {
      ++record.failed;
      if (record.failing_since_ms == 0) record.failing_since_ms = now_ms;
      record.failed_ms = now_ms;
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

EvaluationStatus EvaluationHealth::status_of(const Record& record, const std::string& address) const {
  EvaluationStatus status;
  status.answered = record.answered;
  status.failed = record.failed;
  if (record.address != address) return status;
  status.answered_ms = record.answered_ms;
  const bool answered_lately = record.answered_ms != 0 && clock_.wall_ms() - record.answered_ms < kFailingAfterMs;
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

EvaluationStatus EvaluationHealth::status(const catalog::Environment& environment) const {
  const std::lock_guard lock(mutex_);
  EvaluationStatus all;
  for (const CredentialKind credential : {CredentialKind::mobile_key, CredentialKind::client_side_id}) {
    const auto found = records_.find({environment.id, credential});
    if (found == records_.end()) continue;
    EvaluationStatus one = status_of(found->second, environment.flag_source.client_base_uri);
    one.answered += all.answered;
    one.failed += all.failed;
    const std::int64_t answered_ms = std::max(one.answered_ms, all.answered_ms);
    // Of two, the state that asks more of the owner: not asked, answering, failing.
    if (one.state < all.state) {
      all.answered = one.answered;
      all.failed = one.failed;
    } else {
      all = std::move(one);
    }
    all.answered_ms = answered_ms;
  }
  return all;
}

}  // namespace sluice::relay
