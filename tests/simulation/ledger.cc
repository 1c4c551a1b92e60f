#include "ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "payload_letters.h"

namespace sluice::simulation {
namespace {

bool is_dead_letter(const std::string& dead_letters, std::uint64_t mark) {
  return dead_letters.find(fmt::format("m{}\\\"", mark)) != std::string::npos ||
         dead_letters.find(fmt::format("m{}\"", mark)) != std::string::npos;
}

}  // namespace

std::uint64_t Ledger::acknowledged_events() const {
  std::uint64_t events = 0;
  for (const Payload& payload : payloads)
    if (payload.acknowledged) events += payload.events.size();
  return events;
}

// Units of it that are neither delivered nor among the dead letters.
std::uint64_t Ledger::lost_of(const Payload& payload, const Judged& judged,
                              const std::set<std::uint64_t>& payload_letters, std::string& first) const {
  const Takings& takings = judged.takings;
  std::uint64_t lost = 0;
  if (judged.destination.kind == Kind::tee) {
    if (takings.copies(payload.number) > 0 || payload_letters.contains(payload.number)) return 0;
    if (first.empty()) first = fmt::format("payload {}", payload.number);
    return 1;
  }
  for (const SentEvent& event : payload.events) {
    if (!event.exported || !judged.destination.always.has(event.kind) || takings.copies(event.mark) > 0) continue;
    const bool may_be_dead = judged.service == nullptr ? event.poison : takings.refused.contains(event.mark);
    if (may_be_dead && is_dead_letter(judged.dead_letters, event.mark)) continue;
    if (first.empty())
      first =
          fmt::format("event m{} ({}) of payload {}", event.mark, event::event_kind_name(event.kind), payload.number);
    ++lost;
  }
  return lost;
}

std::optional<std::string> Ledger::lost_for(const Judged& judged) const {
  const auto& [destination, takings, service, happened, status, dead_letters] = judged;
  const auto payload_letters =
      destination.kind == Kind::tee ? payloads_in_letters(dead_letters) : std::set<std::uint64_t>();
  std::uint64_t lost_events = 0, lost_payloads = 0, missed_events = 0;
  std::string first;
  for (const Payload& payload : payloads) {
    if (!payload.acknowledged || payload.environment != destination.environment) continue;
    if (payload.sent_at < destination.wanted_from) continue;
    const std::uint64_t lost = lost_of(payload, judged, payload_letters, first);
    // What a destination that was off missed by retention is told; exactly so, unless the process died before it
    // could, or the disk failed as it did.
    if (payload.sent_at < destination.excused_until) {
      missed_events += lost;
    } else {
      lost_events += lost;
      lost_payloads += lost > 0;
    }
  }
  // A rotten bit costs the entry that held it.
  // What goes while its files are set aside is not counted, and of a segment that is lost whole the journal tells.
  const bool missed_untold = missed_events > status.balance.missing && happened.deaths == 0 &&
                             happened.disk_errors == 0 && !destination.lost_cursor && happened.unknown == 0 &&
                             happened.lost_segments == 0;
  // What a lost segment held is told, with its number: by each start on its own, where the disk did not take the sum.
  const bool told_apart = happened.lost_segments > 1 && (happened.disk_errors > 0 || happened.deaths > 0);
  // Or the destination itself tells: what it had not had of a segment stays told when the segment is no longer known.
  const bool told =
      lost_payloads <= happened.flips + happened.missing_entries || told_apart || lost_events <= status.balance.missing;
  if (told && !missed_untold) return std::nullopt;
  return fmt::format(
      "lost: {} acknowledged events of {} payloads, and {} while it was off, the first {}; {} are told missing",
      lost_events, lost_payloads, missed_events, first, status.balance.missing);
}

namespace {

// Whether so many were delivered: each event of the stream once, unless payloads were stored again.
bool is_of(const Takings& takings, std::uint64_t delivered, const Happened& happened) {
  if (!happened.may_store_again()) return delivered == takings.ledger.size();
  return delivered >= takings.ledger.size() && delivered <= takings.taken;
}

}  // namespace

std::optional<std::string> Ledger::miscounted(const Judged& judged) const {
  const auto& [destination, takings, service, happened, status, dead_letters] = judged;
  const exporting::Balance& balance = status.balance;
  if (balance.accepted !=
      balance.delivered + balance.waiting + balance.dead_lettered + balance.missing + balance.filtered)
    return fmt::format("the balance is off: accepted {} delivered {} waiting {} dead {} missing {} filtered {}",
                       balance.accepted, balance.delivered, balance.waiting, balance.dead_lettered, balance.missing,
                       balance.filtered);
  if (happened.flips > 0 || destination.was_off || destination.changed || destination.replayed) return std::nullopt;
  if (balance.missing > 0) return fmt::format("{} events are told missing though nothing was damaged", balance.missing);
  // A payload that arrived unheard may be too old when it is tried again.
  const bool heard = destination.kind != Kind::tee || balance.delivered > takings.ledger.size() ||
                     balance.delivered + balance.dead_lettered < takings.ledger.size();
  if (!destination.retried && heard && !is_of(takings, balance.delivered, happened))
    return fmt::format("counted {} delivered, but the far end has {}", balance.delivered, takings.ledger.size());
  return std::nullopt;
}

// Usage counts what the far end acknowledged: never more than was taken, and all of it when nothing explains a
// difference. Payloads are no events.
std::optional<std::string> Ledger::miscounted_usage(const Tracked& destination, const Takings& takings,
                                                    const Happened& happened, std::uint64_t usage) const {
  if (destination.kind == Kind::tee)
    return usage == 0 ? std::nullopt : std::optional(fmt::format("usage counts {} events of a tee", usage));
  // Events that a changed filter selects, among those of an object that was finished before, count as delivered, and
  // are not in it.
  const bool counts_others = destination.kind == Kind::s3 && destination.changed;
  if (usage > takings.taken + takings.confirmed && !counts_others)
    return fmt::format("usage counts {} events, but the far end took {}", usage, takings.taken);
  const bool quiet = happened.deaths == 0 && happened.restarts == 0 && happened.usage_lost == 0 &&
                     !destination.deleted && !destination.was_off && !destination.changed && !destination.replayed &&
                     happened.flips == 0 && !destination.retried;
  if (quiet && !is_of(takings, usage, happened))
    return fmt::format("usage counts {} events, and the far end has {}", usage, takings.ledger.size());
  return std::nullopt;
}

std::optional<std::string> Ledger::not_replayed(const Replayed& replay, const Tracked& destination,
                                                const Takings& takings) const {
  for (const Payload& payload : payloads) {
    if (!payload.acknowledged || payload.environment != destination.environment || payload.answered_at > replay.until ||
        payload.sent_at < destination.wanted_from || payload.sent_at < destination.excused_until ||
        payload.stored_from < replay.oldest || payload.sent_ms < replay.from_ms || payload.answered_ms > replay.to_ms ||
        payload.answered_ms == 0)
      continue;
    for (const SentEvent& event : payload.events)
      if (event.exported && !event.poison && destination.always.has(event.kind) && takings.copies(event.mark) < 2 &&
          !takings.refused.contains(event.mark))
        return fmt::format(
            "event m{}, sent {} and answered {}, was in the span of a replay from {} to {} and came {} times",
            event.mark, payload.sent_ms, payload.answered_ms, replay.from_ms, replay.to_ms, takings.copies(event.mark));
  }
  return std::nullopt;
}

// A dead letter is one event's own line, and of an event that the far end never takes.
std::optional<std::string> Ledger::wrong_letter(const Judged& judged) const {
  if (judged.destination.kind == Kind::tee) return wrong_payload_letter(judged);
  std::set<std::uint64_t> poison = judged.takings.refused;
  if (judged.service == nullptr)
    for (const Payload& payload : payloads)
      for (const SentEvent& event : payload.events)
        if (event.poison) poison.insert(event.mark);
  std::istringstream lines(judged.dead_letters);
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view kMark = "\"key\":\"m";
    const std::size_t at = line.find(kMark);
    if (at == std::string::npos) continue;  // cut off by a crash
    const std::uint64_t mark = std::strtoull(line.c_str() + at + kMark.size(), nullptr, 10);
    if (line.find(kMark, at + 1) != std::string::npos) return "a dead letter has several events: " + line;
    if (!poison.contains(mark)) return fmt::format("m{} was given up, which was never refused: {}", mark, line);
  }
  return std::nullopt;
}

std::optional<std::string> Ledger::broken_for(const Judged& judged) const {
  const auto& [destination, takings, service, happened, status, dead_letters] = judged;
  if (auto lost = lost_for(judged)) return lost;
  if (auto wrong = miscounted(judged)) return wrong;
  if (auto wrong = wrong_letter(judged)) return wrong;
  const std::uint64_t repeats = takings.repeats();
  const bool quiet = happened.deaths == 0 && happened.restarts == 0 && !destination.was_off && !destination.changed &&
                     !destination.replayed && !happened.in_parts && !destination.retried;
  if (quiet && repeats > takings.lost_answer_records)
    return fmt::format("{} repeats, though only {} records were in calls whose answer was lost", repeats,
                       takings.lost_answer_records);
  return std::nullopt;
}

std::optional<std::string> Ledger::broken(Cloud& cloud, const Happened& happened,
                                          const std::map<ObjectId, exporting::PipelineStatus>& status,
                                          const std::map<ObjectId, std::string>& dead_letters,
                                          const std::map<ObjectId, std::uint64_t>& usage) const {
  std::map<std::uint64_t, const SentEvent*> sent;
  std::map<std::uint64_t, std::size_t> environment_of;
  for (const Payload& payload : payloads) {
    for (const SentEvent& event : payload.events) {
      sent[event.mark] = &event;
      environment_of[event.mark] = payload.environment;
    }
  }
  std::map<std::uint64_t, std::set<std::string>> ids;
  std::map<std::string, std::uint64_t> mark_of;
  for (const Tracked& destination : destinations) {
    const Takings& takings = cloud.takings(destination.stream);
    const Service* const service = cloud.service(destination.stream);
    const auto told = [&](const std::string& what) {
      return fmt::format("destination {} ({}): {}", destination.id.hex(), destination.name(), what);
    };
    if (service != nullptr) {
      if (!service->broken().empty()) return told(service->broken());
      if (auto wrong = doubled(destination, *service, happened)) return told(*wrong);
      if (auto wrong = foreign_payload(destination, *service)) return told(*wrong);
    }
    const std::map<std::uint64_t, std::map<std::string, std::uint32_t>> none;
    for (const auto& [mark, taken] : destination.kind == Kind::tee ? none : takings.ledger) {
      const auto event = sent.find(mark);
      if (event == sent.end()) return told(fmt::format("took an event m{} that nobody sent", mark));
      if (environment_of[mark] != destination.environment)
        return told(fmt::format("took m{} of another environment", mark));
      if (!event->second->exported || !destination.ever.has(event->second->kind))
        return told(fmt::format("took m{}, which it does not want", mark));
      for (const auto& [id, times] : taken) {
        ids[mark].insert(id);
        if (!mark_of.emplace(id, mark).second && mark_of[id] != mark)
          return told(fmt::format("the id {} stands for m{} and m{}", id, mark, mark_of[id]));
      }
    }
    if (auto wrong = miscounted_usage(destination, takings, happened, usage.at(destination.id))) return told(*wrong);
    if (destination.deleted) continue;
    const auto letters = dead_letters.find(destination.id);
    const std::string its_letters = letters == dead_letters.end() ? std::string() : letters->second;
    if (auto broken = broken_for({destination, takings, service, happened, status.at(destination.id), its_letters}))
      return told(*broken);
    if (happened.flips > 0) continue;
    for (const Replayed& replay : replays)
      if (replay.destination == destination.id)
        if (auto broken = not_replayed(replay, destination, takings)) return told(*broken);
  }
  if (happened.flips == 0 && happened.forgetful_starts == 0)
    for (const auto& [mark, its_ids] : ids)
      if (its_ids.size() > 1) return fmt::format("event m{} has {} ids", mark, its_ids.size());
  return std::nullopt;
}

}  // namespace sluice::simulation
