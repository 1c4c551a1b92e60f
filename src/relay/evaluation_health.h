// How an environment's source answers evaluations for mobile apps and browsers. That may be another address than the
// one whose stream is followed (flagBaseUri), so it has a state of its own. It is for owners: in the API, the console,
// metrics and the log. Clients are not told of it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/credential_kind.h"
#include "base/object_id.h"
#include "catalog/snapshot.h"
#include "intake/log_gate.h"

namespace sluice::relay {

// A call that failed beside others that did not is one client's, or soon over: a source fails once it has answered
// nobody for this long.
inline constexpr std::int64_t kFailingAfterMs = 10'000;

enum class EvaluationState : std::uint8_t {
  not_asked,  // since the server started, or since its address was changed
  answering,
  failing,  // the last call failed, and none was answered within kFailingAfterMs
};
inline constexpr std::array kEvaluationStates = {EvaluationState::not_asked, EvaluationState::answering,
                                                 EvaluationState::failing};
std::string_view evaluation_state_name(EvaluationState state);  // "not asked"; in the API and in metrics

// Why a call brought no evaluations; empty: it did.
struct EvaluationFailure {
  std::string reason, remedy;
  explicit operator bool() const { return !reason.empty(); }
};

// Calls are counted since the process started; times in ms since 1970, 0: not yet.
struct EvaluationStatus {
  EvaluationState state = EvaluationState::not_asked;
  std::int64_t since_ms = 0;     // since when it is in this state
  std::int64_t answered_ms = 0;  // the last answer
  std::uint64_t answered = 0, failed = 0;
  EvaluationFailure failure;  // of the last call, while it fails
};

// Any thread.
class EvaluationHealth {
 public:
  // Failures of one environment are logged this often at most.
  EvaluationHealth(const Clock& clock, std::int64_t log_interval_ms)
      : clock_(clock), log_interval_ms_(log_interval_ms) {}

  // Who was asked, and whose key came with it: the source may know one of an environment's keys and not the other.
  struct Source {
    ObjectId environment_id;
    CredentialKind credential;
    std::string project, environment, address;
  };
  static Source source_of(const catalog::Environment& environment, CredentialKind credential);
  // One call's outcome. That of another address than the one asked last is the first of a new source.
  void note(const Source& source, const EvaluationFailure& failure);
  // One whose context is refused (400): its client's fault, unless nobody was ever answered there, or the source fails
  // and has given no other answer for kFailingAfterMs.
  void note_refused_context(const Source& source);
  // Of both kinds of key; it fails when one of them does.
  EvaluationStatus status(const catalog::Environment& environment) const;

 private:
  using Key = std::pair<ObjectId, CredentialKind>;
  struct Record {
    std::string address;
    std::int64_t answered_ms = 0, first_answered_ms = 0;  // the latter: since it failed last
    std::int64_t failing_since_ms = 0;                    // 0: the last call was answered
    std::int64_t failed_ms = 0;                           // the last failure
    EvaluationFailure failure;
    std::uint64_t answered = 0, failed = 0;
    intake::LogGate gate;
  };

  Record& record_of(const Source& source);  // with the lock
  EvaluationStatus status_of(const Record& record, const std::string& address) const;

  const Clock& clock_;
  const std::int64_t log_interval_ms_;
  mutable std::mutex mutex_;
  std::map<Key, Record> records_;  // guarded by mutex_
};

}  // namespace sluice::relay
