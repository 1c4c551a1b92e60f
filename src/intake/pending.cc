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

// `in_part`: some of a large payload was.
std::string message_of(Refusal refusal, bool in_part) {
  const std::string stored = in_part ? " The payload was stored in part; " : " Nothing was stored; ";
  if (refusal == Refusal::journal_full)
    return "Sluice's journal is full: it must deliver its backlog first." + stored + "send it again later.";
  if (refusal == Refusal::stopping) return "Sluice is stopping." + stored + "send it again in a second.";
  return "Sluice's disk cannot write as fast as payloads arrive." + stored + "send it again in a second.";
}

}  // namespace

void PendingAnswer::append_next() {
  PayloadPart& part = parts[next];
  journal::AppendRequest append;
  append.environment = environment;
  append.credential = credential;
  append.dedupe_key = part.dedupe_key;
  append.received_ms = received_ms;
  append.counts = part.counts;
  append.entry = std::move(part.entry);
  append.done = [self = shared_from_this()](journal::AppendOutcome outcome) { self->part_done(outcome); };
  intake.journal.append(std::move(append));
}

void PendingAnswer::part_done(journal::AppendOutcome outcome) {
  const std::uint64_t events = parts[next].events;
  if (outcome == journal::AppendOutcome::durable) {
    IntakeLoopMetrics::add(metrics.events_accepted, events);
    stored = true;
  } else if (outcome == journal::AppendOutcome::deduplicated) {
    IntakeLoopMetrics::add(metrics.events_deduplicated, events);
  } else {
    return refuse(outcome);
  }
  if (++next < parts.size()) return append_next();
  succeed();
}

void PendingAnswer::refuse(journal::AppendOutcome outcome) {
  const Refusal refusal = refusal_of(outcome);
  metrics.refuse(refusal);
  const std::string message = message_of(refusal, next > 0);
  intake.refusals.note(refusal, message, environment, intake.clock.steady_us());
  http::HttpResponse response = refusal_answer(refusal, message);
  for (auto& header : cors_headers) response.headers.push_back(std::move(header));
  charge = {};
  responder(std::move(response));
  if (finished) finished();
}

void PendingAnswer::succeed() {
  if (stored) {
    IntakeLoopMetrics::add(metrics.payloads_accepted);
    for (std::size_t i = 0; i < event::kUnusableReasons; ++i)
      if (unusable[i] > 0) IntakeLoopMetrics::add(metrics.events_unusable[i], unusable[i]);
    if (dead_letter_count > 0) intake.dead_letters.keep(credential, dead_letters, dead_letter_count);
  } else {
    IntakeLoopMetrics::add(metrics.payloads_deduplicated);
  }
  metrics.answered(intake.clock.steady_us() - started_us);
  for (auto& header : cors_headers) success.headers.push_back(std::move(header));
  charge = {};
  responder(std::move(success));
  if (finished) finished();
}

}  // namespace sluice::intake
