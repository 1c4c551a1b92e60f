#include "export/dead_letter_retry.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "event/entry.h"
#include "export/limits.h"
#include "export/original_letter.h"

namespace sluice::exporting {
namespace {

// How often `stopping` is looked at.
constexpr std::int64_t kRetryLookUs = 100'000;

// An exported event, whole, with the id that it has had since it was accepted. A person may have edited the file, or a
// disk damaged it.
bool is_exported_event(std::string_view record) {
  const nlohmann::json read = nlohmann::json::parse(record, nullptr, false);
  const auto event = read.is_object() ? read.find("event") : read.end();
  if (event == read.end() || !event->is_object()) return false;
  const auto id = event->find("id");
  return id != event->end() && id->is_string() && ObjectId::parse(id->get_ref<const std::string&>()).has_value();
}

// The record in a line of the file; empty: the line is no letter. Within JSON's texts quotes are escaped, so that the
// member's name stands once.
std::string_view record_in(std::string_view line) {
  constexpr std::string_view kMember = ",\"record\":";
  const std::size_t at = line.find(kMember);
  if (at == std::string_view::npos || !line.starts_with('{') || !line.ends_with("}}")) return {};
  line.remove_prefix(at + kMember.size());
  line.remove_suffix(1);
  return line.starts_with('{') ? line : std::string_view();
}

// The records of one piece as one entry's events, so that they take the way that every event takes.
class Piece {
 public:
  // `credential`: what is refused again goes back to the share that it came from.
  Piece(const catalog::Destination& destination, CredentialKind credential, std::int64_t now_ms)
      : environment_(destination.environment_id), credential_(credential), now_ms_(now_ms) {
    event::PayloadSource source;
    source.credential = credential;
    writer_.begin(destination.environment_id, destination.environment_id, now_ms, source);
  }
  // `wants_originals`: of the destination. False: the record is none that it could take.
  bool add(std::string_view record, bool wants_originals) {
    if (wants_originals) {
      auto original = original_in_letter(record);
      if (original) originals_.push_back(std::move(*original));
      return original.has_value();
    }
    if (!is_exported_event(record)) return false;
    writer_.json() += record;
    writer_.end_event(event::EventKind::other, 2, false, 0, 0);
    ++count_;
    return true;
  }
  std::vector<OutboundEvent> events(bool newline) {
    std::vector<OutboundEvent> out;
    if (count_ > 0) append_entry(newline, out);
    // An entry has one at most.
    for (const std::string& original : originals_) {
      event::PayloadSource source;
      source.credential = credential_;
      writer_.begin(environment_, environment_, now_ms_, source);
      writer_.set_original(original, {});
      append_entry(newline, out);
    }
    return out;
  }

 private:
  void append_entry(bool newline, std::vector<OutboundEvent>& out) {
    auto chunk = std::make_shared<journal::JournalChunk>();
    writer_.finish(chunk->buffer);
    const auto view = event::EntryView::open(chunk->buffer);
    SLUICE_CHECK(view.has_value(), "what was written can be read");
    auto entry = std::make_shared<OutboundEntry>();
    entry->chunk = std::move(chunk);
    entry->view = *view;
    entry->envelope = event::EnvelopeWriter::verbatim(newline);
    event::EntryView::Walk walk;
    OutboundEvent event;
    event.entry = std::move(entry);
    for (event.ticket = out.size(); view->next(walk, event.slot); ++event.ticket) out.push_back(event);
  }

  const ObjectId environment_;
  const CredentialKind credential_;
  const std::int64_t now_ms_;
  std::vector<std::string> originals_;
  event::EntryWriter writer_;
  std::uint64_t count_ = 0;
};

class Retry {
 public:
  Retry(const catalog::Destination& destination, DeadLetterFile& letters, const SinkFactory& make_sink,
        const Clock& clock, const std::atomic<bool>& stopping, Workers& workers)
      : destination_(destination),
        letters_(letters),
        clock_(clock),
        stopping_(stopping),
        workers_(workers),
        sink_(make_sink(destination, notifier_, letters, {SinkUse::Purpose::dead_letters, {}})),
        deadline_us_(clock.steady_us() + kRetryDeadlineMs * 1'000) {}
  ~Retry() { sink_->stop(); }

  // All that lies aside there, or until something stands in the way: `outcome.left` then.
  Result<void> send_all(const AsideLetters& aside, storage::FileSystem& files, DeadLetterRetry& outcome) {
    const auto file = files.open(aside.path, false);
    const auto size = file ? (*file)->size() : tl::unexpected(file.error());
    if (!size) return fail(fmt::format("The dead letters cannot be read: {}.", size.error().message));
    for (std::uint64_t done = 0; done < *size;) {
      const auto lines = next_letters(**file, done, *size);
      if (!lines) return tl::unexpected(lines.error());
      if (lines->empty() || lines->back() != '\n') break;  // torn before it counted: its event is tried again anyway
      const auto sent = send(aside.credential, *lines, outcome);
      if (!sent) return tl::unexpected(sent.error());
      outcome.left = !*sent;
      if (outcome.left) break;
      done += lines->size();
      if (auto noted = letters_.note_done(aside, done); !noted) return noted;
    }
    return {};
  }

 private:
  // Whole lines. False: not all of them were finished.
  Result<bool> send(CredentialKind credential, std::string_view lines, DeadLetterRetry& outcome) {
    Piece piece(destination_, credential, clock_.wall_ms());
    while (!lines.empty()) {
      const std::string_view line = lines.substr(0, lines.find('\n') + 1);
      lines.remove_prefix(line.size());
      const std::string_view record = record_in(line.substr(0, line.size() - 1));
      if (!record.empty() && piece.add(record, destination_.wants_originals)) continue;
      if (auto back = letters_.put_back(credential, line); !back) return tl::unexpected(back.error());
      ++outcome.kept;
    }
    return deliver(piece.events(destination_.ends_lines), outcome);
  }

  bool deliver(std::vector<OutboundEvent> events, DeadLetterRetry& outcome) {
    std::size_t put = 0, done = 0;
    std::vector<FinishedEvent> finished;
    while (done < events.size()) {
      const std::int64_t now_us = clock_.steady_us();
      outcome.problem = sink_->problem();
      const bool needs_person = outcome.problem && outcome.problem->weight == Problem::Weight::setup;
      if (now_us >= deadline_us_ || stopping_ || needs_person) return false;
      while (put < events.size() && sink_->has_room()) sink_->put(std::move(events[put++]));
      const std::int64_t next_us = sink_->step(now_us, finished);
      for (const FinishedEvent& event : finished) ++(event.delivered ? outcome.delivered : outcome.kept);
      done += finished.size();
      const bool moved = !finished.empty();
      finished.clear();
      if (!moved)
        workers_.wait_us(notifier_,
                         std::clamp<std::int64_t>(std::min(next_us, deadline_us_) - now_us, 1, kRetryLookUs));
    }
    return true;
  }

  const catalog::Destination& destination_;
  DeadLetterFile& letters_;
  const Clock& clock_;
  const std::atomic<bool>& stopping_;
  Workers& workers_;
  Notifier notifier_;
  const std::unique_ptr<Sink> sink_;
  const std::int64_t deadline_us_;
};

}  // namespace

Result<DeadLetterRetry> retry_dead_letters(const catalog::Destination& destination, DeadLetterFile& letters,
                                           storage::FileSystem& files, const SinkFactory& make_sink, const Clock& clock,
                                           const std::atomic<bool>& stopping, Workers& workers) {
  DeadLetterRetry outcome;
  if (auto back = letters.bring_back(); !back) return tl::unexpected(back.error());
  const auto aside = letters.put_aside();
  if (!aside) return tl::unexpected(aside.error());
  if (aside->empty()) return outcome;
  {
    Retry retry(destination, letters, make_sink, clock, stopping, workers);
    for (const AsideLetters& each : *aside) {
      if (outcome.left) break;
      if (auto sent = retry.send_all(each, files, outcome); !sent) return tl::unexpected(sent.error());
    }
  }
  if (auto back = letters.bring_back(); !back) return tl::unexpected(back.error());
  return outcome;
}

}  // namespace sluice::exporting
