#include "export/place_losses.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/counted.h"
#include "base/text.h"
#include "export/selection.h"

namespace sluice::exporting {
namespace {

std::string place_text(journal::Position position) {
  return fmt::format("{}/{}", position.value >> 32, position.value & UINT32_MAX);
}

// What a sink has of the events behind `place`, in files that it sealed.
struct KeptBehind {
  std::uint64_t events = 0;
  journal::Position last = {};  // it has all that it was to have up to this entry; zero: not known
};

KeptBehind kept_behind(const EventPlace& place, const std::vector<SealedEvents>& sealed) {
  KeptBehind kept;
  bool whole = true;
  std::uint64_t number = 0;
  EventPlace last;
  for (const SealedEvents& each : sealed) {
    if (each.whole && each.last < place) continue;  // delivered
    whole = whole && each.whole && (number == 0 || each.number == number + 1);
    number = each.number;
    last = std::max(last, each.last);
    if (each.whole && place <= each.first) kept.events += each.events;
  }
  if (whole) kept.last = last.entry;
  return kept;
}

// Exact where the journal can say.
journal::JournalCount count_between(const journal::Journal& journal, ObjectId environment, journal::Position from,
                                    journal::Position to) {
  const auto exact = journal.count(environment, from, to);
  return exact ? *exact : journal.count_at_most(environment, from, to);
}

journal::JournalCount waiting_in(const journal::Journal& journal, ObjectId environment, journal::Position from) {
  return count_between(journal, environment, from, journal.end());
}

}  // namespace

Problem place_note(std::string code, std::string message, std::string remedy, std::int64_t now_ms) {
  Problem problem;
  problem.weight = Problem::Weight::note;
  problem.code = std::move(code);
  problem.message = std::move(message);
  problem.remedy = std::move(remedy);
  problem.since_ms = problem.last_seen_ms = now_ms;
  problem.times = 1;
  return problem;
}

Problem place_loss(std::string code, std::string message, std::string remedy, std::int64_t now_ms) {
  Problem problem = place_note(std::move(code), std::move(message), std::move(remedy), now_ms);
  problem.tells_loss = true;
  return problem;
}

std::optional<Problem> lost_entries(const journal::Journal& journal, const std::optional<journal::Cursor>& cursor,
                                    const std::vector<SealedEvents>& sealed, std::int64_t now_ms) {
  KeptBehind kept;
  if (cursor) kept = kept_behind({cursor->position, cursor->events_done}, sealed);
  std::uint64_t entries = 0;
  const bool is_behind_end = cursor && cursor->position > journal.end();
  bool concerned = is_behind_end, is_known = true;
  for (const journal::StartLoss& loss : journal.start_losses()) {
    if (cursor && !is_behind_end && std::max(cursor->position, kept.last) >= loss.behind) continue;
    concerned = true;
    is_known = is_known && loss.entries > 0;
    entries += loss.entries;
  }
  if (!concerned) return std::nullopt;
  is_known = is_known && entries > 0;
  const std::string most =
      fmt::format("at most {} (payloads, or parts of large ones, of all environments)",
                  entries == 1 ? std::string("1 entry") : fmt::format("{} entries", grouped(entries)));
  std::string message =
      cursor ? fmt::format(
                   "The journal lost entries behind {}, the place up to which this destination had delivered. "
                   "What it had not delivered of them is lost: {}. How many events that is, is not known.",
                   place_text(cursor->position),
                   is_known ? most : "whatever was accepted after that place and is not in the journal any more")
             : fmt::format(
                   "The journal lost entries, and the destination's cursor is lost too: what waited for it in "
                   "them is lost. {}",
                   is_known ? fmt::format("That is {}. How many events, is not known.", most)
                            : "How much that is cannot be counted.");
  if (kept.events > 0)
    message += fmt::format(
        " {} from behind that place had been written to disk for it before, and {} delivered from there: not lost.",
        counted(kept.events, "event"), kept.events == 1 ? "is" : "are");
  return place_loss(
      "journal_entries_lost", std::move(message),
      fmt::format("{} If the files are elsewhere: stop Sluice, put them back, start it, and replay the time that they "
                  "cover, where the destination's kind has replays. {}",
                  kCheckDisk, kUntilSwitched),
      now_ms);
}

std::optional<Problem> payloads_not_kept(const journal::Journal& journal, journal::Position from,
                                         const catalog::Destination& destination, WhyNotKept why, std::int64_t now_ms) {
  const journal::JournalCount waiting = waiting_in(journal, destination.environment_id, from);
  const std::uint64_t payloads = selected(destination, waiting.events);
  std::uint64_t events = 0;
  for (const std::uint64_t each : waiting.events) events += each;
  events -= payloads;
  if (payloads >= waiting.entries || events == 0) return std::nullopt;
  if (why == WhyNotKept::kind_changed)
    return place_loss(
        std::string(kPayloadsNotKept),
        fmt::format(
            "The destination's kind was changed to one that forwards payloads, and {} waited. At most {} of them are "
            "not forwarded: they came while the environment had no destination of such a kind, so that their "
            "payloads were not kept.",
            counted(events, "event"), events),
        fmt::format("To have them delivered, change the kind back and replay the time in which they came. {}",
                    kUntilSwitched),
        now_ms);
  return place_loss(
      std::string(kPayloadsNotKept),
      fmt::format("At most {} that came while the catalog did not have this destination {} not forwarded: they were "
                  "not kept as they were sent. Their events, at most {}, are in the journal.",
                  counted(waiting.entries - payloads, "payload"), waiting.entries - payloads == 1 ? "is" : "are",
                  grouped(events)),
      fmt::format("To have their events elsewhere, replay the time in which they came with a destination of another "
                  "kind. {}",
                  kUntilSwitched),
      now_ms);
}

std::optional<Problem> events_passed_over(const journal::Journal& journal, journal::Position from,
                                          journal::Position reached, const catalog::Destination& destination,
                                          const std::vector<SealedEvents>& sealed, std::int64_t now_ms) {
  journal::JournalCount passed;
  if (from < reached) passed = count_between(journal, destination.environment_id, from, reached);
  std::uint64_t events = selected(destination, passed.events);
  for (const SealedEvents& each : sealed)
    if (each.whole && from <= each.first.entry && each.last.entry < reached) events -= std::min(events, each.events);
  const std::uint64_t payloads = passed.events[static_cast<std::size_t>(event::EventKind::original)];
  if (events == 0 || payloads >= passed.entries) return std::nullopt;
  return place_loss(
      "events_passed_over",
      fmt::format("While the destination forwarded payloads, it passed over events that had come before, as their "
                  "payloads were not kept. At most {} of them were not delivered. Its kind was changed back since.",
                  events),
      fmt::format("To have them delivered, replay the time in which they came, where the destination's kind has "
                  "replays. {}",
                  kUntilSwitched),
      now_ms);
}

std::optional<Problem> events_not_kept(const journal::Journal& journal, journal::Position from, std::int64_t now_ms) {
  if (from >= journal.oldest()) return std::nullopt;
  return place_loss(
      "events_not_kept",
      "While the catalog did not have this destination, the journal removed entries behind the place up "
      "to which it had delivered. What waited for it in them is lost, and cannot be counted.",
      fmt::format("To keep them for longer, raise journal.retention and journal.max_bytes. {}", kUntilSwitched),
      now_ms);
}

std::optional<Problem> events_of_other_environment(const journal::Journal& journal, journal::Position from,
                                                   const StartedAs& before, const catalog::Destination& destination,
                                                   std::int64_t now_ms) {
  if (!before.environment || *before.environment == destination.environment_id) return std::nullopt;
  const std::uint64_t waiting = selected(destination, waiting_in(journal, *before.environment, from).events);
  if (waiting == 0) return std::nullopt;
  return place_loss(
      "environment_changed",
      fmt::format("The destination had another environment before, with the id {}. At most {} of that one waited for "
                  "it and {} not delivered.",
                  before.environment->hex(), counted(waiting, destination.wants_originals ? "payload" : "event"),
                  waiting == 1 ? "is" : "are"),
      fmt::format("To have them delivered, give the destination an environment with that id again, and replay the time "
                  "in which they came. {}",
                  kUntilSwitched),
      now_ms);
}

}  // namespace sluice::exporting
