// The journal as a whole: the queue before the writer, the writer, and a helper that keeps slow and late work out of
// the writer's way, each a worker (base/worker.h): making spare files, writing indexes, giving up what is old.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/worker.h"
#include "journal/commit_window.h"
#include "journal/committer.h"
#include "journal/journal.h"
#include "journal/segment_files.h"
#include "journal/segment_table.h"

namespace sluice::journal {

// Bytes of entries that one sync covers at most (one larger entry goes alone): what waits for a sync waits no longer
// than for this much.
inline constexpr std::uint64_t kMaxBatchBytes = 8ull << 20;

class ThreadedJournal final : public Journal {
 public:
  ThreadedJournal(const std::string& directory, const JournalLimits& limits, storage::FileSystem& files,
                  const Clock& clock, Workers& workers);
  ~ThreadedJournal() override;
  ThreadedJournal(const ThreadedJournal&) = delete;
  ThreadedJournal& operator=(const ThreadedJournal&) = delete;

  // Once, before anything else.
  Result<void> start(Position remembered);

  void append(AppendRequest request) override;
  bool has_room(std::uint64_t bytes) const override {
    const std::uint64_t accepted = accepted_bytes_.load(std::memory_order_relaxed);
    return accepted == 0 || accepted + bytes <= limits_.max_queued_bytes;
  }
  std::uint64_t max_entry_bytes() const override;
  std::unique_ptr<JournalReader> reader(ObjectId environment, Position from) override;
  EnvironmentMark mark(ObjectId environment) const override { return table_.mark(environment); }
  PositionRange received_between(std::int64_t from_ms, std::int64_t to_ms) const override {
    return table_.received_between(from_ms, to_ms);
  }
  storage::FileResult<JournalCount> count(ObjectId environment, Position from, Position to) const override {
    return table_.count(environment, from, to);
  }
  JournalCount count_at_most(ObjectId environment, Position from, Position to) const override {
    return table_.count_at_most(environment, from, to);
  }
  Position oldest() const override { return table_.oldest(); }
  Position end() const override { return table_.end(); }
  JournalStats stats() const override;
  std::vector<StartLoss> start_losses() const override { return table_.start_losses(); }
  void subscribe(EntrySignal* signal, ObjectId environment) override;
  void unsubscribe(EntrySignal* signal) override;
  void hold(const std::string& holder, Position needed_from) override;
  void drop_hold(const std::string& holder) override;
  void hold_unless_full(const std::string& holder, Position needed_from) override {
    table_.hold_unless_full(holder, needed_from);
  }
  std::int64_t retention_ms() const override { return limits_.retention_ms; }
  void close() override;

 private:
  std::int64_t write_step();
  // Moves it into the queue; an outcome: why not.
  std::optional<AppendOutcome> take_in(AppendRequest& request, bool& wakes_writer);
  bool take_batch();       // false: nothing waits
  void take_fair_batch();  // with queue_mutex_
  void commit_batch();
  void signal_batch();
  std::int64_t help_step();
  void ask_helper();
  void write_indexes();
  void make_spare();
  void trim_cache();
  bool can_give_up() const;
  void give_up_old();
  void shrink_to_max_bytes();

  const std::string directory_;
  const JournalLimits limits_;
  storage::FileSystem& file_system_;
  const Clock& clock_;
  Workers& workers_;
  std::unique_ptr<storage::File> lock_;
  SegmentFiles files_;
  SegmentTable table_;
  DedupeShares dedupe_;
  std::unique_ptr<Committer> committer_;
  std::uint64_t torn_bytes_ = 0;

  mutable std::mutex queue_mutex_;
  Notifier writer_notifier_;
  std::deque<AppendRequest> queue_;
  std::int64_t first_queued_us_ = 0;  // since when the queue is not empty
  CommitWindow window_;               // guarded by queue_mutex_, as both
  // Of entries in the queue and in the batch; written under queue_mutex_.
  std::atomic<std::uint64_t> accepted_bytes_{0};
  std::uint64_t refused_overloaded_ = 0;
  std::uint64_t refused_too_large_ = 0;
  bool closing_ = false;
  CommitStats commit_stats_;  // the writer's, as of its last batch

  // The writer's own.
  std::vector<AppendRequest> batch_;
  std::vector<AppendOutcome> outcomes_;
  std::uint64_t spare_asked_for_ = 0;  // number of the segment that requested it

  std::mutex subscribers_mutex_;
  std::unordered_map<ObjectId, std::vector<EntrySignal*>, ObjectIdHash> subscribers_;

  Notifier helper_notifier_;
  std::atomic<bool> helper_stops_{false};
  // The helper's own.
  std::int64_t reach_at_us_ = 0;
  std::int64_t over_since_us_ = INT64_MAX;  // since when the files have more than max_bytes
  bool over_max_is_logged_ = false;
  std::atomic<bool> spare_wanted_{false};
  std::atomic<std::uint64_t> trimmed_to_{0};  // a Position: bytes before it need not stay in memory
  std::mutex sealed_mutex_;
  std::vector<std::shared_ptr<Segment>> sealed_;  // without an index file yet

  std::mutex close_mutex_;
  std::unique_ptr<Worker> writer_;
  std::unique_ptr<Worker> helper_;
};

}  // namespace sluice::journal
