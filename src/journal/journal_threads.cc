#include "journal/journal_threads.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "journal/fair_batch.h"
#include "journal/fatal.h"
#include "journal/journal_recovery.h"
#include "journal/segment_reader.h"

namespace sluice::journal {
namespace {

// How late retention by time may come.
constexpr std::int64_t kHelperTickUs = 5'000'000;
// Memory of delivered entries is given back in steps of this size at least: a system call each.
constexpr std::uint64_t kTrimBytes = 4u << 20;

Result<void> check_limits(const JournalLimits& limits) {
  if (limits.segment_bytes < kMinSegmentBytes || limits.segment_bytes > kMaxSegmentBytes ||
      limits.segment_bytes % 4096 != 0)
    return fail(fmt::format("journal.segment_bytes is {}; expected a multiple of 4096 from {} to {}.",
                            limits.segment_bytes, kMinSegmentBytes, kMaxSegmentBytes));
  if (limits.max_bytes < 2 * limits.segment_bytes)
    return fail(fmt::format("journal.max_bytes is {}; expected at least two segments of journal.segment_bytes: {}.",
                            limits.max_bytes, 2 * limits.segment_bytes));
  return {};
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(const std::string& directory, const JournalLimits& limits,
                                               storage::FileSystem& files, const Clock& clock, Workers& workers,
                                               Position remembered) {
  if (auto checked = check_limits(limits); !checked) return tl::unexpected(checked.error());
  auto journal = std::make_unique<ThreadedJournal>(directory, limits, files, clock, workers);
  if (auto started = journal->start(remembered); !started)
    return fail(fmt::format("The journal in {} cannot be opened: {}", directory, started.error().message));
  return journal;
}

ThreadedJournal::ThreadedJournal(const std::string& directory, const JournalLimits& limits, storage::FileSystem& files,
                                 const Clock& clock, Workers& workers)
    : directory_(directory),
      limits_(limits),
      file_system_(files),
      clock_(clock),
      workers_(workers),
      files_(directory + "/segments", limits, files),
      dedupe_(limits.dedupe_window_ms) {}

ThreadedJournal::~ThreadedJournal() { close(); }

Result<void> ThreadedJournal::start(Position remembered) {
  if (auto created = file_system_.make_directory(directory_ + "/segments"); !created)
    return fail(storage::explained(created.error(), directory_));
  auto lock = file_system_.lock(directory_ + "/lock");
  if (!lock) return fail(storage::explained(lock.error(), directory_));
  lock_ = std::move(*lock);
  auto recovered = recover_journal(files_, table_, dedupe_, limits_, clock_, workers_, remembered);
  if (!recovered) return tl::unexpected(recovered.error());
  torn_bytes_ = recovered->torn_bytes;
  // Before the committer, which may need a segment and has nobody's hold to keep it from the oldest one yet.
  table_.hold(kStartingHold, {});
  committer_ = std::make_unique<Committer>(table_, files_, dedupe_, limits_, clock_, recovered->state);
  if (auto started = committer_->start(recovered->last, recovered->last_is_sealed); !started)
    return fail(storage::explained(started.error(), directory_));
  trimmed_to_ = table_.end().value;
  writer_ = workers_.start("journal-writer", writer_notifier_, [this] { return write_step(); });
  reach_at_us_ = clock_.steady_us() + kExtentIntervalUs;
  helper_ = workers_.start("journal-helper", helper_notifier_, [this] { return help_step(); });
  return {};
}

std::uint64_t ThreadedJournal::max_entry_bytes() const {
  return limits_.segment_bytes - kSegmentHeaderBytes - kFrameHeaderLimit - kFrameAlignment;
}

void ThreadedJournal::append(AppendRequest request) {
  bool wakes_writer = false;
  if (const auto refusal = take_in(request, wakes_writer)) {
    if (request.done) request.done(*refusal);
    return;
  }
  // Without the lock: the writer begins by taking it.
  if (wakes_writer) writer_notifier_.notify();
}

std::optional<AppendOutcome> ThreadedJournal::take_in(AppendRequest& request, bool& wakes_writer) {
  const std::lock_guard lock(queue_mutex_);
  const std::uint64_t bytes = request.entry.size();
  if (closing_) return AppendOutcome::stopping;
  if (bytes > max_entry_bytes()) {
    ++refused_too_large_;
    return AppendOutcome::full;
  }
  const std::uint64_t before = accepted_bytes_;
  if (before > 0 && before + bytes > limits_.max_queued_bytes) {
    ++refused_overloaded_;
    return AppendOutcome::overloaded;
  }
  accepted_bytes_ = before + bytes;
  if (queue_.empty()) first_queued_us_ = clock_.steady_us();
  queue_.push_back(std::move(request));
  // For others the notifier is notified already, or will be by whoever put the first in; or the writer waits for so
  // many.
  wakes_writer = queue_.size() == 1 || queue_.size() == window_.enough() ||
                 (before < kCommitWindowBytes && before + bytes >= kCommitWindowBytes);
  return std::nullopt;
}

std::unique_ptr<JournalReader> ThreadedJournal::reader(ObjectId environment, Position from) {
  return std::make_unique<SegmentReader>(table_, environment, from);
}

bool ThreadedJournal::take_batch() {
  batch_.clear();
  const std::lock_guard lock(queue_mutex_);
  if (accepted_bytes_ <= kMaxBatchBytes) {
    std::move(queue_.begin(), queue_.end(), std::back_inserter(batch_));
    queue_.clear();
  } else {
    take_fair_batch();
  }
  if (!batch_.empty()) window_.took(batch_.size(), clock_.steady_us());
  return !batch_.empty();
}

void ThreadedJournal::take_fair_batch() {
  std::vector<QueuedEntry> waiting;
  waiting.reserve(queue_.size());
  for (const AppendRequest& request : queue_)
    waiting.push_back({request.environment, request.credential, request.entry.size()});
  const std::vector<bool> goes = fair_batch(waiting, kMaxBatchBytes);
  std::deque<AppendRequest> stay;
  for (std::size_t i = 0; i < queue_.size(); ++i) {
    if (goes[i])
      batch_.push_back(std::move(queue_[i]));
    else
      stay.push_back(std::move(queue_[i]));
  }
  queue_.swap(stay);
}

std::int64_t ThreadedJournal::write_step() {
  bool closing;
  {
    const std::lock_guard lock(queue_mutex_);
    closing = closing_;  // nothing comes behind it
    if (!closing && !queue_.empty())
      if (const std::int64_t wait_us =
              window_.wait_us(queue_.size(), accepted_bytes_, first_queued_us_, clock_.steady_us());
          wait_us > 0)
        return wait_us;
  }
  if (take_batch()) {
    commit_batch();
    return 0;
  }
  if (!closing) return kUntilNotified;
  committer_->write_clean_shutdown_marker();
  return kWorkerDone;
}

void ThreadedJournal::commit_batch() {
  outcomes_.assign(batch_.size(), AppendOutcome::full);
  committer_->commit(batch_, outcomes_);
  std::uint64_t bytes = 0;
  for (const AppendRequest& request : batch_) bytes += request.entry.size();
  {
    const std::lock_guard lock(queue_mutex_);
    accepted_bytes_ -= bytes;
    commit_stats_ = committer_->stats();
  }
  for (std::size_t i = 0; i < batch_.size(); ++i)
    if (batch_[i].done) batch_[i].done(outcomes_[i]);
  // Whoever waits for an answer goes before those that deliver.
  signal_batch();
  batch_.clear();
  ask_helper();
}

void ThreadedJournal::signal_batch() {
  const std::lock_guard lock(subscribers_mutex_);
  // Entries of one environment often come one behind the other.
  for (std::size_t i = 0; i < batch_.size();) {
    const ObjectId environment = batch_[i].environment;
    std::uint64_t bytes = 0;
    for (; i < batch_.size() && batch_[i].environment == environment; ++i) bytes += batch_[i].entry.size();
    const auto found = subscribers_.find(environment);
    if (found == subscribers_.end()) continue;
    for (EntrySignal* signal : found->second) signal->committed(std::max<std::uint64_t>(bytes, 1));
  }
}

// A spare is created once a segment is a quarter full: late enough that an idle server uses one file, early enough that
// a busy one never waits for it.
void ThreadedJournal::ask_helper() {
  auto sealed = committer_->take_sealed();
  const Segment& active = *committer_->active();
  const bool wants_spare =
      spare_asked_for_ != active.header.number && active.summary.end > active.header.segment_bytes / 4;
  if (wants_spare) {
    spare_asked_for_ = active.header.number;
    spare_wanted_ = true;
  }
  if (!wants_spare && sealed.empty()) return;
  {
    const std::lock_guard lock(sealed_mutex_);
    std::move(sealed.begin(), sealed.end(), std::back_inserter(sealed_));
  }
  helper_notifier_.notify();
}

std::int64_t ThreadedJournal::help_step() {
  write_indexes();
  if (helper_stops_ || clock_.steady_us() >= reach_at_us_) {
    files_.extent().reach(committer_->behind_last_entry());
    reach_at_us_ = clock_.steady_us() + kExtentIntervalUs;
  }
  if (helper_stops_) return kWorkerDone;
  // Nothing more is acknowledged into a file that is gone: a new start finds out what is missing.
  if (const auto lost = table_.lost_active())
    journal_fatal(*lost + ". What came since then is lost. Check whatever removes files in the data directory.");
  trim_cache();
  if (spare_wanted_.exchange(false)) make_spare();
  give_up_old();
  return kHelperTickUs;
}

// What every destination has is not read again soon. Its memory serves the next writes: writing to memory that the
// system has just used is several times cheaper than to memory that it must fetch afresh (docs/benchmarks.md).
void ThreadedJournal::trim_cache() {
  Position from{trimmed_to_};
  for (const SegmentTable::Passed& passed : table_.take_passed(from))
    if (const auto file = passed.segment->file()) (*file)->forget_cached(passed.offset, passed.size);
  trimmed_to_ = from.value;
}

void ThreadedJournal::write_indexes() {
  std::vector<std::shared_ptr<Segment>> sealed;
  {
    const std::lock_guard lock(sealed_mutex_);
    sealed.swap(sealed_);
  }
  for (const auto& segment : sealed) {
    if (!table_.holds_segment(*segment)) continue;
    // Derived data: a start without it reads the segment's headers instead.
    std::vector<StoredRows> rows;
    if (auto written = files_.write_index(segment->header, segment->summary, rows); written)
      table_.index_written(*segment, rows);
    else
      log_warn("journal.index_not_written", {{"reason", written.error().message}});
    std::vector<DedupeRecord>().swap(segment->summary.keys);
  }
}

void ThreadedJournal::make_spare() {
  const SegmentFiles::Work work(files_);
  if (files_.spares() > 0 || !files_.may_grow()) return;
  if (auto created = files_.make_spare(helper_stops_); !created && !helper_stops_)
    log_warn("journal.spare_not_made", {{"reason", created.error().message}});
}

void ThreadedJournal::give_up_old() {
  const SegmentFiles::Work work(files_);
  while (true) {
    const auto given_up = table_.give_up_oldest(clock_.wall_ms(), limits_.retention_ms, false);
    if (!given_up.segment) break;
    files_.retire(*given_up.segment, given_up.next_first_sequence, files_.over_max_bytes() > 0);
  }
  shrink_to_max_bytes();
}

// max_bytes was lowered since the files were created. What is delivered goes, however young; what is not, and what is
// kept for destinations that are set aside, stays, and the journal grows no more.
void ThreadedJournal::shrink_to_max_bytes() {
  files_.drop_spares_over_max();
  while (files_.over_max_bytes() > 0) {
    const auto given_up = table_.give_up_oldest(INT64_MAX, 0, false);
    if (!given_up.segment) break;
    files_.retire(*given_up.segment, given_up.next_first_sequence, true);
  }
  const std::uint64_t over = files_.over_max_bytes();
  if (over == 0) {
    over_since_us_ = INT64_MAX;
    if (std::exchange(over_max_is_logged_, false))
      log_info("journal.within_max_bytes", {{"max_bytes", limits_.max_bytes}});
    return;
  }
  over_since_us_ = std::min(over_since_us_, clock_.steady_us());
  // Not before each destination had the time to say what it needs.
  if (over_max_is_logged_ || clock_.steady_us() - over_since_us_ < kHelperTickUs) return;
  over_max_is_logged_ = true;
  log_warn(
      "journal.over_max_bytes",
      {{"held_bytes", files_.held_bytes()},
       {"max_bytes", limits_.max_bytes},
       {"reason",
        "journal.max_bytes is less than what the journal has: it was lowered while events waited for destinations. "
        "Nothing is given up that was not delivered."},
       {"remedy",
        "Payloads are answered 503 once the last segment is full. Fix the destinations that do not deliver, or "
        "raise journal.max_bytes."}});
}

JournalStats ThreadedJournal::stats() const {
  JournalStats stats;
  table_.fill(stats);
  {
    const std::lock_guard lock(queue_mutex_);
    stats.deduplicated_entries = commit_stats_.deduplicated_entries;
    stats.deduplicated_events = commit_stats_.deduplicated_events;
    stats.reused_ids = commit_stats_.reused_ids;
    stats.refused_for_room = commit_stats_.refused_full;
    stats.refused_full = commit_stats_.refused_full + refused_too_large_;
    stats.refused_overloaded = refused_overloaded_;
    stats.syncs = commit_stats_.syncs;
    stats.sync_us_total = commit_stats_.sync_us_total;
    stats.sync_us_max = commit_stats_.sync_us_max;
  }
  stats.spare_segments = files_.spares();
  stats.torn_bytes = torn_bytes_;
  const std::uint64_t held = files_.held_bytes();
  const std::uint64_t disk = files_.free_bytes();
  const std::uint64_t disk_room = disk > limits_.min_free_bytes ? disk - limits_.min_free_bytes : 0;
  stats.over_max_bytes = files_.over_max_bytes();
  stats.capacity_bytes = std::min(limits_.max_bytes, held + disk_room);
  const std::uint64_t growth = std::min(disk_room, limits_.max_bytes > held ? limits_.max_bytes - held : 0);
  const std::uint64_t new_segments = growth / limits_.segment_bytes + stats.spare_segments;
  stats.free_bytes = table_.room_bytes() + new_segments * (limits_.segment_bytes - kSegmentHeaderBytes);
  return stats;
}

void ThreadedJournal::subscribe(EntrySignal* signal, ObjectId environment) {
  const std::lock_guard lock(subscribers_mutex_);
  subscribers_[environment].push_back(signal);
}

void ThreadedJournal::unsubscribe(EntrySignal* signal) {
  const std::lock_guard lock(subscribers_mutex_);
  for (auto at = subscribers_.begin(); at != subscribers_.end();) {
    std::erase(at->second, signal);
    at = at->second.empty() ? subscribers_.erase(at) : std::next(at);
  }
}

void ThreadedJournal::hold(const std::string& holder, Position needed_from) {
  table_.hold(holder, needed_from);
  if (table_.passed_to().value >= trimmed_to_ + kTrimBytes || can_give_up()) helper_notifier_.notify();
}

void ThreadedJournal::drop_hold(const std::string& holder) {
  table_.drop_hold(holder);
  if (can_give_up()) helper_notifier_.notify();
}

bool ThreadedJournal::can_give_up() const {
  return table_.can_give_up(clock_.wall_ms(), limits_.retention_ms, false) ||
         (files_.over_max_bytes() > 0 && table_.can_give_up(INT64_MAX, 0, false));
}

void ThreadedJournal::close() {
  const std::lock_guard closing(close_mutex_);
  {
    const std::lock_guard lock(queue_mutex_);
    closing_ = true;
  }
  if (!writer_) return;  // it never started, or is closed already
  writer_notifier_.notify();
  writer_->join();
  helper_stops_ = true;
  helper_notifier_.notify();
  helper_->join();
  writer_.reset();
  helper_.reset();
}

}  // namespace sluice::journal
