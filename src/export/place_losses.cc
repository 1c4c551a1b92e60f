#include "export/place_losses.h"

#include <fmt/format.h>

#include <utility>

#include "base/counted.h"
#include "base/text.h"
#include "export/selection.h"

namespace sluice::exporting {
namespace {

std::string place_text(journal::Position position) {
  return fmt::format("{}/{}", position.value >> 32, position.value & UINT32_MAX);
}

journal::JournalCount waiting_in(const journal::Journal& journal, ObjectId environment, journal::Position from) {
  const journal::Position end = journal.end();
  const auto exact = journal.count(environment, from, end);
  return exact ? *exact : journal.count_at_most(environment, from, end);
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

std::optional<Problem> lost_entries(const journal::Journal& journal, std::optional<journal::Position> cursor,
                                    std::optional<journal::Position> reached, std::int64_t now_ms) {
  const journal::Position end = journal.end();
  std::uint64_t entries = 0;
  const bool is_behind_end = cursor && *cursor > end;
  // Of a journal that began anew within the second in which the one before had, a number says nothing: how far that one
  // had come does.
  const bool is_shorter = reached && end < *reached;
  const auto at_end = [end](const journal::StartLoss& loss) { return loss.behind.value >> 32 >= end.value >> 32; };
  bool concerned = is_behind_end, is_known = true, end_is_told = is_behind_end;
  for (const journal::StartLoss& loss : journal.start_losses()) {
    end_is_told = end_is_told || at_end(loss);
    if (cursor && !is_behind_end && *cursor >= loss.behind && !(is_shorter && at_end(loss))) continue;
    concerned = true;
    is_known = is_known && loss.entries > 0;
    entries += loss.entries;
  }
  // A copy from before agrees with its own record of its extent.
  if (is_shorter && !end_is_told) {
    concerned = true;
    is_known = false;
  }
  if (!concerned) return std::nullopt;
  is_known = is_known && entries > 0;
  const std::string most =
      fmt::format("at most {} (payloads, or parts of large ones, of all environments)",
                  entries == 1 ? std::string("1 entry") : fmt::format("{} entries", grouped(entries)));
  const std::string message =
      cursor ? fmt::format(
                   "The journal lost entries behind {}, the place up to which this destination had delivered. "
                   "What it had not delivered of them is lost: {}. How many events that is, is not known.",
                   place_text(*cursor),
                   is_known ? most : "whatever was accepted after that place and is not in the journal any more")
             : fmt::format(
                   "The journal lost entries, and the destination's cursor is lost too: what waited for it in "
                   "them is lost. {}",
                   is_known ? fmt::format("That is {}. How many events, is not known.", most)
                            : "How much that is cannot be counted.");
  return place_loss(
      "journal_entries_lost", message,
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
        "payloads_not_kept",
        fmt::format(
            "The destination's kind was changed to one that forwards payloads, and {} waited. At most {} of them are "
            "not forwarded: they came while the environment had no destination of such a kind, so that their "
            "payloads were not kept.",
            counted(events, "event"), events),
        fmt::format("To have them delivered, change the kind back and replay the time in which they came. {}",
                    kUntilSwitched),
        now_ms);
  return place_loss(
      "payloads_not_kept",
      fmt::format("At most {} that came while the catalog did not have this destination {} not forwarded: they were "
                  "not kept as they were sent. Their events, at most {}, are in the journal.",
                  counted(waiting.entries - payloads, "payload"), waiting.entries - payloads == 1 ? "is" : "are",
                  grouped(events)),
      fmt::format("To have their events elsewhere, replay the time in which they came with a destination of another "
                  "kind. {}",
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
