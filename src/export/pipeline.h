// One destination's pipeline: read the journal, select, hand to the sink, take what is finished, advance the cursor. It
// is driven by step() alone and knows no thread of its own (export/exporter.h gives it one), so that a test or a
// simulation can drive it too.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/published.h"
#include "catalog/snapshot.h"
#include "export/balance.h"
#include "export/cursor_syncs.h"
#include "export/delivery_window.h"
#include "export/event_filter.h"
#include "export/health.h"
#include "export/journal_problem.h"
#include "export/sink.h"
#include "journal/cursor_store.h"
#include "journal/journal.h"

namespace sluice::exporting {

// From accepted (the time of receipt) to delivered, per event. Upper bounds in milliseconds; one more bucket for the
// rest.
inline constexpr std::int64_t kLatencyBucketsMs[] = {5,    10,   25,     50,     100,    250,     500,      1000,
                                                     2500, 5000, 10'000, 30'000, 60'000, 300'000, 3'600'000};
inline constexpr std::size_t kLatencyBuckets = std::size(kLatencyBucketsMs) + 1;

// What a replay delivers again: the entries before `end` that were received within the span.
struct ReplayRange {
  std::int64_t from_ms = 0, to_ms = 0;
  journal::Position end;
  std::int64_t started_ms = 0;  // wall clock: tells it from another one of the same destination
};

struct PipelineStatus {
  Balance balance;                    // events
  std::uint64_t appended = 0;         // events for it that the journal had appended then; 0 in a replay
  std::uint64_t delivered_bytes = 0;  // of records, over the destination's life
  std::uint64_t dead_lettered_bytes = 0;
  std::uint64_t waiting_bytes = 0;      // of journal entries not yet passed, all kinds of event
  std::int64_t oldest_received_ms = 0;  // of the oldest undelivered event; 0: none
  Moment last_delivery;                 // none since the process started: 0
  std::uint64_t latency_counts[kLatencyBuckets] = {};
  std::uint64_t latency_sum_ms = 0;
  journal::Position position;                  // everything before is delivered, dead-lettered, or not for it
  event::EventKindCounts delivered_by_kind{};  // since the pipeline was created
  bool finished = false;                       // a replay has delivered all of its range
  std::optional<Problem> problem;
  std::vector<Problem> notes;
  SinkStats sink;
};

class Pipeline {
 public:
  // The cursor file has been opened; a destination without a cursor starts at the journal's end, or at its oldest entry
  // when it says so. Sets the destination's hold on the journal. With `replay` it delivers that range again, from a
  // cursor that has been saved at its beginning, and is then finished. `syncs`: shared with others; null: it syncs its
  // cursor as if it were alone.
  Pipeline(catalog::Destination destination, journal::Journal& journal,
           std::unique_ptr<journal::CursorFile> cursor_file, std::unique_ptr<Sink> sink, const Clock& clock,
           std::optional<ReplayRange> replay = {}, CursorSyncs* syncs = nullptr);

  // One turn; never waits for the destination. Returns when it wants the next at the latest (steady clock,
  // microseconds); new entries and answers ring the notifier before. The owner's thread.
  std::int64_t step();

  // Until then (steady clock, microseconds) new entries may wait for more. The owner's thread, after step().
  std::int64_t rests_until_us() const { return last_read_us_ + sink_->read_patience_us(); }

  // No new events go out; calls in flight may end. Step on until stopped(), which is true when they have or after
  // kStopGraceUs; then close(). Any thread; takes effect with the next step().
  void stop();
  // Whether stop() was called. Any thread.
  bool stop_asked() const { return stop_deadline_us_ > 0; }
  // What the sink collects goes out without waiting for more: the process is about to end. Any thread; takes effect
  // with the next step().
  void flush() { flush_asked_ = true; }
  // Returns once no step runs that began before: after stop() nothing is read any more. Waits for one step. Any thread.
  void wait_for_step() const { const std::lock_guard lock(mutex_); }
  // The owner's thread.
  bool stopped() const;
  // Saves the cursor, and publishes what has been delivered in the end. The owner's thread.
  void close();

  // What step() last published: at most kStatusIntervalUs behind it, and at once when a problem came, changed or went,
  // or a replay finished. Any thread; never waits for a step. Never null.
  std::shared_ptr<const PipelineStatus> status() const { return published_.get(); }
  // As of now. Waits for the step that runs: for a drain, which must not stop too early, and for tests. Any thread.
  PipelineStatus status_now() const;
  const catalog::Destination& destination() const { return destination_; }

 private:
  // Reads from the cursor on: at the start, and after the sink lost what it held.
  void begin_at_cursor();
  void restart_sink_if_due(std::int64_t now_us);
  journal::EnvironmentMark mark() const;
  // Counts what waits, once. Until the journal can read that, nothing is delivered: the balance would not come out.
  bool count_backlog();
  // The next entry; false when there is none, or when the journal cannot give it (journal_problem_).
  bool next_entry();
  bool next_chunk();
  std::uint64_t lost_in_front_of(journal::Position position);
  event::EnvelopeWriter envelope_for(const event::EntryView& entry) const;
  void start_balance(const journal::EnvironmentMark& mark, const journal::JournalCount& backlog);
  Result<std::optional<OutboundEvent>> read_again(std::uint64_t ticket, const EventPlace& place);
  void feed();
  void note_read_up_to(const EventPlace& place);
  void settle();
  void note_passed();
  // What the cursor has passed of what the journal lost: counted as missing, and told. Before the cursor is saved.
  void settle_lost();
  void tell_missing(std::uint64_t events) const;
  bool take_held(const EventPlace& before);
  void reconcile(const journal::EnvironmentMark& mark);
  journal::Cursor current_cursor() const;
  std::int64_t save_cursor_if_due(std::int64_t now_us);
  void save_cursor();
  void tell_not_saved(const Error& error);
  PipelineStatus make_status() const;
  std::int64_t publish_if_due(std::int64_t now_us);
  void publish(std::int64_t now_us);

  const catalog::Destination destination_;
  const std::optional<ReplayRange> replay_;
  const std::string hold_name_;
  EventFilter filter_;
  journal::Journal& journal_;
  const Clock& clock_;
  CursorSyncs* const syncs_;
  mutable std::mutex mutex_;  // held by each step; besides it only status_now() takes it
  std::unique_ptr<journal::CursorFile> cursor_file_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<journal::JournalReader> reader_;
  JournalProblem journal_problem_;
  DeliveryWindow window_;
  BalanceKeeper balance_;
  std::uint64_t delivered_before_restart_ = 0;  // of the sink, at most
  HeldAlone held_;                              // as of the last time that the sink was asked
  journal::Position readable_from_;             // at the start
  bool waits_for_held_ = false;                 // nothing is read before that is delivered
  bool missed_while_off_ = false;               // the cursor stood before that: what is held alone counts as missing
  journal::Cursor saved_, noted_;               // synced; written
  std::int64_t saved_us_ = 0, noted_us_ = 0;
  std::optional<std::int64_t> sync_turn_us_;
  bool save_asked_ = false;
  std::uint64_t delivered_bytes_ = 0, dead_lettered_bytes_ = 0;
  std::uint64_t backlog_bytes_at_start_ = 0, appended_bytes_at_start_ = 0, passed_bytes_ = 0;

  // Where reading stands: a chunk, the entry in it that is being handed out, and the place in that entry.
  std::shared_ptr<const journal::JournalChunk> chunk_;
  std::size_t next_in_chunk_ = 0;
  std::uint64_t read_in_step_ = 0;  // bytes
  std::int64_t last_read_us_ = 0;
  bool more_to_read_ = false;  // than this step may
  std::shared_ptr<const OutboundEntry> entry_;
  event::EntryView::Walk walk_;
  journal::Position read_to_;  // behind the last entry, or the cursor
  bool behind_loss_ = false;   // behind it, something could not be read

  std::vector<FinishedEvent> finished_;
  std::vector<DeliveryWindow::PassedEntry> passed_;
  std::uint64_t latency_counts_[kLatencyBuckets] = {};
  std::uint64_t latency_sum_ms_ = 0;
  Moment last_delivery_;
  std::optional<Problem> cursor_problem_;
  bool counted_ = false;
  bool read_on_ = false;  // the journal has looked at enough for one step, and found nothing yet
  bool read_all_of_replay_ = false, finished_replay_ = false;
  std::atomic<std::int64_t> stop_deadline_us_{0};  // 0: nobody has asked it to stop
  bool stopping_ = false;
  std::atomic<bool> flush_asked_{false};
  std::uint32_t restarts_ = 0;  // of the sink, since the cursor moved
  std::int64_t restart_not_before_us_ = 0;
  EventPlace restarted_at_;

  Published<PipelineStatus> published_;
  std::int64_t published_us_ = 0;
  std::string published_problem_;  // its code
  bool published_finished_ = false;
};

}  // namespace sluice::exporting
