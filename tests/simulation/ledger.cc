#include "ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string_view>

namespace sluice::simulation {
namespace {

bool is_dead_letter(const std::string& dead_letters, std::uint64_t mark) {
  return dead_letters.find(fmt::format("m{}\\\"", mark)) != std::string::npos ||
         dead_letters.find(fmt::format("m{}\"", mark)) != std::string::npos;
}

std::uint64_t copies(const Stream& stream, std::uint64_t mark) {
  const auto found = stream.ledger.find(mark);
  std::uint64_t copies = 0;
  if (found != stream.ledger.end())
    for (const auto& [id, times] : found->second) copies += times;
  return copies;
}

}  // namespace

std::uint64_t Ledger::acknowledged_events() const {
  std::uint64_t events = 0;
  for (const Payload& payload : payloads)
    if (payload.acknowledged) events += payload.events.size();
  return events;
}

std::optional<std::string> Ledger::lost_for(const Tracked& destination, const Stream& stream, const Happened& happened,
                                            const exporting::PipelineStatus& status,
                                            const std::string& dead_letters) const {
  std::uint64_t lost_events = 0, lost_payloads = 0, missed_events = 0;
  std::string first;
  for (const Payload& payload : payloads) {
    if (!payload.acknowledged || payload.environment != destination.environment) continue;
    if (payload.sent_at < destination.wanted_from) continue;
    std::uint64_t lost = 0;
    for (const SentEvent& event : payload.events) {
      if (!event.exported || !destination.always.has(event.kind) || copies(stream, event.mark) > 0) continue;
      if (event.poison && is_dead_letter(dead_letters, event.mark)) continue;
      if (first.empty())
        first =
            fmt::format("event m{} ({}) of payload {}", event.mark, event::event_kind_name(event.kind), payload.number);
      ++lost;
    }
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
  if ((lost_payloads <= happened.flips + happened.missing_entries || told_apart) && !missed_untold) return std::nullopt;
  return fmt::format(
      "lost: {} acknowledged events of {} payloads, and {} while it was off, the first {}; {} are told missing",
      lost_events, lost_payloads, missed_events, first, status.balance.missing);
}

namespace {

// Whether so many were delivered: each event of the stream once, unless parts of payloads were stored again.
bool is_of(const Stream& stream, std::uint64_t delivered, const Happened& happened) {
  if (!happened.in_parts) return delivered == stream.ledger.size();
  return delivered >= stream.ledger.size() && delivered <= stream.taken;
}

}  // namespace

std::optional<std::string> Ledger::miscounted(const Tracked& destination, const Stream& stream,
                                              const Happened& happened, const exporting::PipelineStatus& status) const {
  const exporting::Balance& balance = status.balance;
  if (balance.accepted !=
      balance.delivered + balance.waiting + balance.dead_lettered + balance.missing + balance.filtered)
    return fmt::format("the balance is off: accepted {} delivered {} waiting {} dead {} missing {} filtered {}",
                       balance.accepted, balance.delivered, balance.waiting, balance.dead_lettered, balance.missing,
                       balance.filtered);
  if (happened.flips > 0 || destination.was_off || destination.changed || destination.replayed) return std::nullopt;
  if (balance.missing > 0) return fmt::format("{} events are told missing though nothing was damaged", balance.missing);
  if (!is_of(stream, balance.delivered, happened))
    return fmt::format("counted {} delivered, but the stream has {}", balance.delivered, stream.ledger.size());
  return std::nullopt;
}

// Usage counts what Kinesis acknowledged: never more than was taken, and all of it when nothing explains a difference.
std::optional<std::string> Ledger::miscounted_usage(const Tracked& destination, const Stream& stream,
                                                    const Happened& happened, std::uint64_t usage) const {
  if (usage > stream.taken) return fmt::format("usage counts {} events, but the stream took {}", usage, stream.taken);
  const bool quiet = happened.deaths == 0 && happened.restarts == 0 && happened.usage_lost == 0 &&
                     !destination.deleted && !destination.was_off && !destination.changed && !destination.replayed &&
                     happened.flips == 0;
  if (quiet && !is_of(stream, usage, happened))
    return fmt::format("usage counts {} events, and the stream has {}", usage, stream.ledger.size());
  return std::nullopt;
}

std::optional<std::string> Ledger::not_replayed(const Replayed& replay, const Tracked& destination,
                                                const Stream& stream) const {
  for (const Payload& payload : payloads) {
    if (!payload.acknowledged || payload.environment != destination.environment || payload.answered_at > replay.until ||
        payload.sent_at < destination.wanted_from || payload.sent_at < destination.excused_until ||
        payload.stored_from < replay.oldest || payload.sent_ms < replay.from_ms || payload.answered_ms > replay.to_ms ||
        payload.answered_ms == 0)
      continue;
    for (const SentEvent& event : payload.events)
      if (event.exported && !event.poison && destination.always.has(event.kind) && copies(stream, event.mark) < 2)
        return fmt::format(
            "event m{}, sent {} and answered {}, was in the span of a replay from {} to {} and came {} times",
            event.mark, payload.sent_ms, payload.answered_ms, replay.from_ms, replay.to_ms, copies(stream, event.mark));
  }
  return std::nullopt;
}

// A dead letter is one event's own line, and of an event that Kinesis never takes.
std::optional<std::string> Ledger::wrong_letter(const std::string& dead_letters) const {
  std::set<std::uint64_t> poison;
  for (const Payload& payload : payloads)
    for (const SentEvent& event : payload.events)
      if (event.poison) poison.insert(event.mark);
  std::istringstream lines(dead_letters);
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view kMark = "\"key\":\"m";
    const std::size_t at = line.find(kMark);
    if (at == std::string::npos) continue;  // cut off by a crash
    const std::uint64_t mark = std::strtoull(line.c_str() + at + kMark.size(), nullptr, 10);
    if (line.find(kMark, at + 1) != std::string::npos) return "a dead letter has several events: " + line;
    if (!poison.contains(mark)) return fmt::format("m{} was given up, which Kinesis takes: {}", mark, line);
  }
  return std::nullopt;
}

std::optional<std::string> Ledger::broken_for(const Tracked& destination, const Stream& stream,
                                              const Happened& happened, const exporting::PipelineStatus& status,
                                              const std::string& dead_letters) const {
  if (auto lost = lost_for(destination, stream, happened, status, dead_letters)) return lost;
  if (auto wrong = miscounted(destination, stream, happened, status)) return wrong;
  if (auto wrong = wrong_letter(dead_letters)) return wrong;
  const std::uint64_t repeats = stream.repeats();
  const bool quiet = happened.deaths == 0 && happened.restarts == 0 && !destination.was_off && !destination.changed &&
                     !destination.replayed && !happened.in_parts;
  if (quiet && repeats > stream.lost_answer_records)
    return fmt::format("{} repeats, though only {} records were in calls whose answer was lost", repeats,
                       stream.lost_answer_records);
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
    const Stream& stream = cloud.stream(destination.stream);
    const auto told = [&](const std::string& what) {
      return fmt::format("destination {} ({}): {}", destination.id.hex(), Cloud::stream_name(destination.stream), what);
    };
    for (const auto& [mark, taken] : stream.ledger) {
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
    if (auto wrong = miscounted_usage(destination, stream, happened, usage.at(destination.id))) return told(*wrong);
    if (destination.deleted) continue;
    const auto letters = dead_letters.find(destination.id);
    if (auto broken = broken_for(destination, stream, happened, status.at(destination.id),
                                 letters == dead_letters.end() ? std::string() : letters->second))
      return told(*broken);
    if (happened.flips > 0) continue;
    for (const Replayed& replay : replays)
      if (replay.destination == destination.id)
        if (auto broken = not_replayed(replay, destination, stream)) return told(*broken);
  }
  if (happened.flips == 0 && happened.forgetful_starts == 0)
    for (const auto& [mark, its_ids] : ids)
      if (its_ids.size() > 1) return fmt::format("event m{} has {} ids", mark, its_ids.size());
  return std::nullopt;
}

}  // namespace sluice::simulation
