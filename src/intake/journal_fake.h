// A journal in memory that answers as a test says: at once, later, or with a refusal. It deduplicates by environment
// and key as the real one does. Any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "journal/journal.h"

namespace sluice::intake {

class FakeJournal : public journal::Journal {
 public:
  struct Stored {
    ObjectId environment;
    journal::DedupeKey dedupe_key;
    std::int64_t received_ms;
    event::EventKindCounts counts;
    std::string entry;
  };

  // What the next appends are answered; `durable` stands for durable or deduplicated, as it turns out.
  void answer_with(journal::AppendOutcome outcome);
  // The same, but for the next `appends`, which are durable.
  void answer_after(std::size_t appends, journal::AppendOutcome outcome);
  // From now on answers wait for release(), which gives them all.
  void hold_answers();
  void release();
  // Waits until so many appends are held back.
  void wait_held(std::size_t count);
  void set_max_entry_bytes(std::uint64_t bytes) { max_entry_bytes_ = bytes; }

  std::vector<Stored> stored() const;
  // As another journal, which has seen nothing.
  void forget_all();

  void append(journal::AppendRequest request) override;
  std::uint64_t max_entry_bytes() const override { return max_entry_bytes_; }
  bool has_room(std::uint64_t bytes) const override {
    asked_room_ = bytes;
    return has_room_;
  }
  // What has_room() was asked for last.
  std::uint64_t asked_room() const { return asked_room_; }
  // What it says of itself from now on, whatever it is.
  void set_has_room(bool has_room) { has_room_ = has_room; }
  std::unique_ptr<journal::JournalReader> reader(ObjectId, journal::Position) override { return nullptr; }
  journal::EnvironmentMark mark(ObjectId) const override { return {}; }
  storage::FileResult<journal::JournalCount> count(ObjectId, journal::Position, journal::Position) const override {
    return journal::JournalCount{};
  }
  journal::JournalCount count_at_most(ObjectId, journal::Position, journal::Position) const override { return {}; }
  journal::PositionRange received_between(std::int64_t, std::int64_t) const override { return {}; }
  journal::Position oldest() const override { return {}; }
  journal::Position end() const override { return {}; }
  journal::JournalStats stats() const override { return {}; }
  void subscribe(journal::EntrySignal*, ObjectId) override {}
  void unsubscribe(journal::EntrySignal*) override {}
  void hold(const std::string&, journal::Position) override {}
  void drop_hold(const std::string&) override {}
  void hold_unless_full(const std::string&, journal::Position) override {}
  std::int64_t retention_ms() const override { return 0; }
  void close() override {}

 private:
  journal::AppendOutcome store(journal::AppendRequest& request);

  mutable std::mutex mutex_;
  std::condition_variable held_changed_;
  std::vector<Stored> stored_;
  std::set<std::pair<ObjectId, journal::DedupeKey>> seen_;
  std::deque<journal::AppendRequest> held_;
  bool holding_ = false;
  std::atomic<bool> has_room_{true};
  mutable std::atomic<std::uint64_t> asked_room_{0};
  journal::AppendOutcome outcome_ = journal::AppendOutcome::durable;
  std::size_t durable_before_ = 0;  // appends until outcome_ counts
  std::uint64_t max_entry_bytes_ = 32ull << 20;
};

}  // namespace sluice::intake
