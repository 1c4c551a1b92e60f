#include "destinations/rejected_events.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"

namespace sluice::destinations {
namespace {

// Dead letters that could not be stored are tried again this often.
constexpr std::int64_t kStoreAgainUs = 5'000'000;
constexpr std::int64_t kNoteMs = 3'600'000;
// One log line about dead letters in so long a time, with how many there were since the last: whoever knows a public id
// can send as many as he likes.
constexpr std::int64_t kLogAgainUs = 10'000'000;

exporting::Problem note_of(const exporting::DeadLetter& letter) {
  exporting::Problem note{exporting::Problem::Weight::note, letter.code, letter.reason, "", ""};
  note.remedy = "The record is stored in the destination's dead-letter file.";
  return note;
}

exporting::Problem problem_of_store(std::string_view reason) {
  exporting::Problem problem{exporting::Problem::Weight::setup, "dead_letter_failed", "", "", ""};
  problem.message = fmt::format("An event that the destination refuses cannot be stored as a dead letter: {}", reason);
  problem.remedy = "Free space or fix what the message names. The event stays in the journal until then.";
  return problem;
}

}  // namespace

RejectedEvents::RejectedEvents(std::string destination_name, exporting::DeadLetterStore& store, const Clock& clock,
                               WriteRecord write)
    : name_(std::move(destination_name)),
      store_(store),
      clock_(clock),
      write_(write ? std::move(write) : [](const exporting::OutboundEvent& event, std::string& out) {
        event.entry->envelope.append(out, event.slot);
      }) {}

void RejectedEvents::add(HeldRecord record, std::string code, std::string reason) {
  rejected_.push_back({std::move(record), std::move(code), std::move(reason)});
}

std::vector<exporting::RejectedEvent> RejectedEvents::next() const {
  std::vector<exporting::RejectedEvent> next;
  std::uint64_t bytes = 0;
  for (const Rejected& rejected : rejected_) {
    bytes += rejected.record.bytes;
    if (!next.empty() && (next.size() == kMaxRejectedAtOnce || bytes > kMaxRejectedBytesAtOnce)) break;
    next.push_back({rejected.record.events.front(), {rejected.code, rejected.reason, {}}});
    write_(next.back().event, next.back().letter.record);
  }
  return next;
}

void RejectedEvents::log(const exporting::DeadLetter& last, std::size_t count, std::int64_t now_us) {
  unlogged_ += count;
  if (now_us < log_not_before_us_) return;
  log_warn("destination.dead_letter",
           {{"destination", name_}, {"events", unlogged_}, {"code", last.code}, {"reason", last.reason}});
  unlogged_ = 0;
  log_not_before_us_ = now_us + kLogAgainUs;
}

void RejectedEvents::flush(std::int64_t now_us, ProblemBook& problems, std::vector<HeldRecord>& stored) {
  if (now_us < due_us()) return;
  const std::vector<exporting::RejectedEvent> batch = next();
  const std::int64_t now_ms = clock_.wall_ms();
  if (const auto kept = store_.keep(batch); !kept) {
    if (!problems.has(Trouble::dead_letters))
      log_error("destination.dead_letter_not_kept", {{"destination", name_}, {"reason", kept.error().message}});
    not_before_us_ = now_us + kStoreAgainUs;
    problems.set(Trouble::dead_letters, problem_of_store(kept.error().message), now_ms, now_ms + kStoreAgainUs / 1000);
    return;
  }
  log(batch.back().letter, batch.size(), now_us);
  problems.clear(Trouble::dead_letters);
  problems.note(note_of(batch.back().letter), now_ms, kNoteMs);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    stored.push_back(std::move(rejected_.front().record));
    rejected_.pop_front();
  }
}

}  // namespace sluice::destinations
