#include "intake/pending.h"

#include <utility>

#include "intake/answers.h"

namespace sluice::intake {
namespace {

Refusal refusal_of(journal::AppendOutcome outcome) {
  switch (outcome) {
    case journal::AppendOutcome::full:
      return Refusal::journal_full;
    case journal::AppendOutcome::overloaded:
      return Refusal::overloaded;
    case journal::AppendOutcome::stopping:
      return Refusal::stopping;
    case journal::AppendOutcome::durable:
    case journal::AppendOutcome::deduplicated:
      break;
  }
  return Refusal::internal;
}

std::string_view message_of(Refusal refusal) {
  if (refusal == Refusal::journal_full)
    return "Sluice's journal is full: it must deliver its backlog first. Nothing was stored; send it again later.";
  if (refusal == Refusal::stopping) return "Sluice is stopping. Nothing was stored; send it again in a second.";
  return "Sluice's disk cannot write as fast as payloads arrive. Nothing was stored; send it again in a second.";
}

}  // namespace

void PendingAnswer::finish(journal::AppendOutcome outcome) {
  if (outcome == journal::AppendOutcome::durable) {
    IntakeLoopMetrics::add(metrics.payloads_accepted);
    IntakeLoopMetrics::add(metrics.events_accepted, events);
    for (std::size_t i = 0; i < event::kUnusableReasons; ++i)
      if (unusable[i] > 0) IntakeLoopMetrics::add(metrics.events_unusable[i], unusable[i]);
    if (dead_letter_count > 0) intake.dead_letters.keep(credential, dead_letters, dead_letter_count);
  } else if (outcome == journal::AppendOutcome::deduplicated) {
    IntakeLoopMetrics::add(metrics.payloads_deduplicated);
    IntakeLoopMetrics::add(metrics.events_deduplicated, events);
  } else {
    const Refusal refusal = refusal_of(outcome);
    metrics.refuse(refusal);
    intake.refusals.note(refusal, message_of(refusal), environment, intake.clock.steady_us());
    http::HttpResponse response = refusal_answer(refusal, message_of(refusal));
    for (auto& header : cors_headers) response.headers.push_back(std::move(header));
    responder(std::move(response));
    return;
  }
  metrics.answered(intake.clock.steady_us() - started_us);
  for (auto& header : cors_headers) success.headers.push_back(std::move(header));
  responder(std::move(success));
}

}  // namespace sluice::intake
