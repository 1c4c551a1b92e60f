#include "export/test_event.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "event/entry.h"
#include "event/original.h"

namespace sluice::exporting {
namespace {

// A passing problem that came so often is told without waiting for the deadline: some two seconds of tries.
constexpr std::uint64_t kEnoughTries = 5;
// How often `stopping` is looked at.
constexpr std::int64_t kTestEventLookUs = 100'000;

class KeptLetter final : public DeadLetterStore {
 public:
  Result<void> keep(std::span<const RejectedEvent> rejected) override {
    if (!rejected.empty()) letter = rejected.front().letter;
    return {};
  }
  std::optional<DeadLetter> letter;
};

// An evaluation, as destinations get it.
void write_test_evaluation(event::EntryWriter& writer, ObjectId event_id, std::int64_t now_ms) {
  const std::string head = fmt::format(R"({{"kind":"feature","id":"{}","key":")", event_id.hex());
  writer.json() += head;
  writer.json() += fmt::format(
      R"({}","creationDate":{},"variation":1,"value":false,"default":false,"contextKeys":{{"user":"{}"}}}})",
      kTestEventKey, now_ms, kTestEventKey);
  writer.end_event(event::EventKind::feature, 2, false, static_cast<std::uint32_t>(head.size()),
                   static_cast<std::uint16_t>(kTestEventKey.size()));
}

// A payload as an SDK would send it, of one custom event: it changes no flag's numbers.
std::string test_payload(ObjectId event_id, std::int64_t now_ms) {
  std::string original;
  const event::OriginalHeader headers[] = {{"content-type", "application/json"}, {"x-launchdarkly-event-schema", "4"}};
  const std::string hex = event_id.hex();
  const std::string payload_id =
      fmt::format("{}-{}-4000-8000-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 12));
  event::append_original_head({"POST", "/bulk", ""}, headers, payload_id, original);
  original += fmt::format(
      R"([{{"kind":"custom","key":"{}","creationDate":{},"context":{{"kind":"user","key":"{}"}},"data":{{"id":"{}"}}}}])",
      kTestEventKey, now_ms, kTestEventKey, hex);
  return original;
}

OutboundEvent test_event(const catalog::Destination& destination, ObjectId project, ObjectId event_id,
                         std::int64_t now_ms) {
  event::EntryWriter writer;
  writer.begin(project, destination.environment_id, now_ms, {});
  std::string original;
  if (destination.wants_originals) {
    original = test_payload(event_id, now_ms);
    writer.set_original(original, {});
  } else {
    write_test_evaluation(writer, event_id, now_ms);
  }
  auto chunk = std::make_shared<journal::JournalChunk>();
  writer.finish(chunk->buffer);
  const auto view = event::EntryView::open(chunk->buffer);
  SLUICE_CHECK(view.has_value(), "what was written can be read");
  auto entry = std::make_shared<OutboundEntry>();
  entry->chunk = std::move(chunk);
  entry->view = *view;
  entry->envelope = destination.wants_originals
                        ? event::EnvelopeWriter::verbatim(false)
                        : event::EnvelopeWriter(*view, {destination.ends_lines, destination.fields,
                                                        destination.project_key, destination.environment_key});
  OutboundEvent event;
  event::EntryView::Walk walk;
  const bool there = view->next(walk, event.slot);
  SLUICE_CHECK(there, "the entry has its event");
  event.entry = std::move(entry);
  return event;
}

bool stands_in_the_way(const std::optional<Problem>& problem) {
  return problem && (problem->weight == Problem::Weight::setup || problem->times >= kEnoughTries);
}

}  // namespace

TestEventOutcome send_test_event(const catalog::Destination& destination, ObjectId project, ObjectId event_id,
                                 const SinkFactory& make_sink, const Clock& clock, const std::atomic<bool>& stopping) {
  Notifier notifier;
  KeptLetter letters;
  const std::unique_ptr<Sink> sink = make_sink(destination, notifier, letters, {SinkUse::Purpose::test_event, {}});
  const std::int64_t started_us = clock.steady_us();
  const std::int64_t deadline_us = started_us + kTestEventDeadlineMs * 1'000;
  TestEventOutcome outcome;
  std::vector<FinishedEvent> finished;
  bool inside = false;
  for (std::int64_t now_us = started_us; now_us < deadline_us && !stopping; now_us = clock.steady_us()) {
    if (!inside && sink->has_room()) {
      sink->put(test_event(destination, project, event_id, clock.wall_ms()));
      inside = true;
    }
    const std::int64_t next_us = sink->step(now_us, finished);
    outcome.problem = sink->problem();
    if (!finished.empty() || stands_in_the_way(outcome.problem)) break;
    notifier.wait_us(std::clamp<std::int64_t>(std::min(next_us, deadline_us) - now_us, 1'000, kTestEventLookUs));
  }
  sink->stop();
  outcome.took_ms = (clock.steady_us() - started_us) / 1'000;
  outcome.refused = letters.letter;
  outcome.delivered = !finished.empty() && finished.front().delivered;
  if (outcome.delivered) {
    outcome.problem.reset();
    outcome.receipt = sink->last_receipt();
  }
  return outcome;
}

}  // namespace sluice::exporting
