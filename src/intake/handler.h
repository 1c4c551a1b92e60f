// Intake: the SDK endpoints. A request is matched to its endpoint and environment, its body inflated and read into an
// entry, and the entry given to the journal; the answer is 202 when the journal says that it is durable. What is taken
// and what is answered when: docs/sdk-protocol.md.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/credential_kind.h"
#include "base/worker.h"
#include "catalog/snapshot.h"
#include "event/derived_ids.h"
#include "flags/flag_registry.h"
#include "http/byte_budget.h"
#include "http/server.h"
#include "intake/dead_letters.h"
#include "intake/environment_rates.h"
#include "intake/limits.h"
#include "intake/metrics.h"
#include "intake/refusal_log.h"
#include "journal/journal.h"

namespace sluice::intake {

class LargePayloads;

// What the handlers of all loops share. References outlive the listener, and the journal is closed before they go: an
// answer may come from it until then.
class Intake {
 public:
  // `common_answers` answers GET /status, /healthz and /readyz; called on the loops, it must not block. Empty: 404.
  using CommonAnswers = std::function<http::HttpResponse(const http::HttpRequest&)>;

  Intake(const catalog::Catalog& catalog, flags::FlagRegistry& flags, journal::Journal& journal, const Clock& clock,
         IntakeMetrics& metrics, IntakeDeadLetters& dead_letters, IntakeLimits limits, CommonAnswers common_answers,
         Workers& workers = worker_threads());
  ~Intake();

  // One a loop; it must not outlive this.
  std::unique_ptr<http::HttpHandler> make_handler();
  // Before the journal is closed: large payloads that wait are answered 503.
  void stop();

  // Gets diagnostic events of environments that keep payloads as they were sent, for who forwards those; they are not
  // stored. `original`: event/original.h. Called on the loops; it must not block. Set before the first request, or
  // empty.
  using ForwardDiagnostic = std::function<void(const catalog::Environment&, CredentialKind, std::string original)>;
  ForwardDiagnostic forward_diagnostic;

  // What ids of events are derived with: set before the first request, and the same for ever.
  event::EventIdSecret event_id_secret{};

  const catalog::Catalog& catalog;
  flags::FlagRegistry& flags;
  journal::Journal& journal;
  const Clock& clock;
  IntakeMetrics& metrics;
  IntakeDeadLetters& dead_letters;
  const IntakeLimits limits;
  const CommonAnswers common_answers;
  http::ByteBudget inflated;
  EnvironmentRates rates;
  RefusalLog refusals;
  const std::unique_ptr<LargePayloads> large;
};

}  // namespace sluice::intake
