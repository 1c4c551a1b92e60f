// An exporter over a real journal, with the machine's threads and clock, and sinks and a disk under a test's hand.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "event/entry.h"
#include "export/exporter.h"
#include "export/sink_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::exporting {

inline const ObjectId kEnvironment = *ObjectId::parse("578d1e02d2943862c52b9686");

// The real journal, and what is held in it.
class WatchedJournal final : public journal::Journal {
 public:
  explicit WatchedJournal(std::unique_ptr<journal::Journal> journal) : journal_(std::move(journal)) {}
  void hold(const std::string& holder, journal::Position from) override {
    holders.insert(holder);
    journal_->hold(holder, from);
  }
  void drop_hold(const std::string& holder) override {
    holders.erase(holder);
    journal_->drop_hold(holder);
  }
  void hold_unless_full(const std::string& holder, journal::Position from) override {
    holders.insert(holder);
    journal_->hold_unless_full(holder, from);
  }
  std::int64_t retention_ms() const override { return journal_->retention_ms(); }
  void append(journal::AppendRequest request) override { journal_->append(std::move(request)); }
  std::uint64_t max_entry_bytes() const override { return journal_->max_entry_bytes(); }
  std::unique_ptr<journal::JournalReader> reader(ObjectId environment, journal::Position from) override {
    return journal_->reader(environment, from);
  }
  journal::EnvironmentMark mark(ObjectId environment) const override { return journal_->mark(environment); }
  storage::FileResult<journal::JournalCount> count(ObjectId environment, journal::Position from,
                                                   journal::Position to) const override {
    return journal_->count(environment, from, to);
  }
  journal::JournalCount count_at_most(ObjectId environment, journal::Position from,
                                      journal::Position to) const override {
    return journal_->count_at_most(environment, from, to);
  }
  journal::PositionRange received_between(std::int64_t from, std::int64_t to) const override {
    return journal_->received_between(from, to);
  }
  journal::Position oldest() const override { return journal_->oldest(); }
  journal::Position end() const override { return journal_->end(); }
  journal::JournalStats stats() const override {
    journal::JournalStats stats = journal_->stats();
    if (is_short) stats.free_bytes = stats.capacity_bytes / 20;
    return stats;
  }
  std::atomic<bool> is_short = false;  // the exporter's watch reads it
  void subscribe(journal::EntrySignal* signal, ObjectId environment) override {
    journal_->subscribe(signal, environment);
  }
  void unsubscribe(journal::EntrySignal* signal) override { journal_->unsubscribe(signal); }
  void close() override { journal_->close(); }

  std::set<std::string> holders;

 private:
  std::unique_ptr<journal::Journal> journal_;
};

// The machine's clock, which somebody sets. Any thread.
class SetClock final : public Clock {
 public:
  std::int64_t wall_ms() const override { return clock_.wall_ms() + shift_ms; }
  std::int64_t steady_us() const override { return clock_.steady_us(); }
  std::atomic<std::int64_t> shift_ms = 0;

 private:
  SystemClock clock_;
};

class ExporterTest : public testing::Test {
 protected:
  ExporterTest() {
    destination_.id = *ObjectId::parse("610addeadbeefaa86ec9a7d4");
    destination_.environment_id = kEnvironment;
    journal::JournalLimits limits;
    limits.segment_bytes = 64 << 10;
    limits.min_free_bytes = 0;
    journal_ = std::make_unique<WatchedJournal>(*journal::Journal::open("/data/journal", limits, files_, clock_));
    exporter_ =
        std::make_unique<Exporter>(*journal_, files_, clock_, "/data",
                                   [this](const catalog::Destination&, Notifier&, DeadLetterStore&, const SinkUse&) {
                                     auto sink = std::make_unique<FakeSink>(10);
                                     sink->answer_all(answer_all_);
                                     sinks_.push_back(sink.get());
                                     return sink;
                                   });
  }
  ~ExporterTest() override { exporter_.reset(); }

  void apply(bool on) {
    destination_.on = on;
    ASSERT_TRUE(exporter_->apply(catalog::CatalogSnapshot({}, {}, {destination_})));
  }
  journal::Cursor saved() { return *(*journal::CursorFile::open("/data/cursors", destination_.id, files_))->loaded(); }
  bool held(const std::string& suffix = "") { return journal_->holders.contains(destination_.id.hex() + suffix); }

  void append(int events, std::int64_t received_ms = 1) {
    event::EntryWriter writer;
    writer.begin(kEnvironment, kEnvironment, 1, {});
    for (int i = 0; i < events; ++i) {
      writer.json() += R"({"kind":"custom"})";
      writer.end_event(event::EventKind::custom, 2, false, 0, 0);
    }
    journal::AppendRequest request;
    request.environment = kEnvironment;
    request.received_ms = received_ms;
    request.counts = writer.counts();
    writer.finish(request.entry);
    std::promise<journal::AppendOutcome> outcome;
    request.done = [&](journal::AppendOutcome result) { outcome.set_value(result); };
    journal_->append(std::move(request));
    ASSERT_EQ(outcome.get_future().get(), journal::AppendOutcome::durable);
  }

  storage::FakeFileSystem files_{1};
  SetClock clock_;
  catalog::Destination destination_;
  bool answer_all_ = false;  // of sinks made from now on
  std::vector<FakeSink*> sinks_;
  std::unique_ptr<WatchedJournal> journal_;
  std::unique_ptr<Exporter> exporter_;
};

}  // namespace sluice::exporting
