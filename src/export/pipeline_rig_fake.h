// A pipeline over a journal of its own, with a sink and a clock under a test's hand.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "export/limits.h"
#include "export/pipeline.h"
#include "export/sink_fake.h"

namespace sluice::exporting {

inline const ObjectId kPipelineProject = *ObjectId::parse("5744c96707c9900708000004");
inline const ObjectId kPipelineEnvironment = *ObjectId::parse("578d1e02d2943862c52b9686");
inline const ObjectId kOtherEnvironment = *ObjectId::parse("578d1e02d2943862c52b9687");

// Time passes only as a test says; the disk is the machine's.
class PipelineTest : public testing::Test {
 protected:
  PipelineTest() {
    std::filesystem::remove_all(directory_);
    destination_.id = *ObjectId::parse("610addeadbeefaa86ec9a7d4");
    destination_.environment_id = kPipelineEnvironment;
    destination_.name = "flags";
    destination_.from_oldest = true;
    limits_.segment_bytes = 1 << 20;
    limits_.max_bytes = 64 << 20;
    limits_.min_free_bytes = 0;
    open();
  }
  ~PipelineTest() override {
    pipeline_.reset();
    journal_.reset();
    std::filesystem::remove_all(directory_);
  }

  void open() {
    auto journal = journal::Journal::open(directory_ + "/journal", limits_, *files_, system_clock_);
    ASSERT_TRUE(journal) << journal.error().message;
    journal_ = std::move(*journal);
  }

  void start(std::size_t room = 100) {
    auto cursor = journal::CursorFile::open(directory_ + "/cursors", destination_.id, *files_);
    ASSERT_TRUE(cursor) << cursor.error().message;
    auto sink = std::make_unique<FakeSink>(room);
    sink_ = sink.get();
    pipeline_ = std::make_unique<Pipeline>(destination_, *journal_, std::move(*cursor), std::move(sink), clock_);
  }

  // As a process that dies: nothing is saved that was not.
  void crash() {
    pipeline_.reset();
    journal_.reset();
    open();
  }

  // An entry of `kinds.size()` events; returns when it is durable.
  void append(const std::vector<event::EventKind>& kinds, ObjectId environment = kPipelineEnvironment,
              std::size_t pad_bytes = 0) {
    begin_entry(kinds, environment, pad_bytes);
    append_entry(environment);
  }

  // The same with the payload as it was sent behind them.
  void append_payload(const std::vector<event::EventKind>& kinds, std::string_view head, std::string_view body) {
    begin_entry(kinds, kPipelineEnvironment, 0);
    writer_.set_original(head, body);
    append_entry(kPipelineEnvironment);
  }

  void begin_entry(const std::vector<event::EventKind>& kinds, ObjectId environment, std::size_t pad_bytes) {
    writer_.begin(kPipelineProject, environment, 1'700'000'000'000, {});
    for (const event::EventKind kind : kinds) {
      const std::string pad = pad_bytes == 0 ? "" : R"(,"pad":")" + std::string(pad_bytes, 'x') + '"';
      writer_.json() += fmt::format(R"({{"kind":"{}","n":{}{}}})", event::event_kind_name(kind), next_++, pad);
      writer_.end_event(kind, 2, false, 0, 0);
    }
  }

  void append_entry(ObjectId environment) {
    journal::AppendRequest request;
    request.environment = environment;
    request.received_ms = 1'700'000'000'000;
    request.counts = writer_.counts();
    writer_.finish(request.entry);
    std::promise<journal::AppendOutcome> outcome;
    request.done = [&](journal::AppendOutcome result) { outcome.set_value(result); };
    journal_->append(std::move(request));
    ASSERT_EQ(outcome.get_future().get(), journal::AppendOutcome::durable);
  }

  // Bytes that are no entry, of that format, counted as one feature event.
  void append_format(char format) {
    journal::AppendRequest request;
    request.environment = kPipelineEnvironment;
    request.received_ms = 1'700'000'000'000;
    request.counts[static_cast<std::size_t>(event::EventKind::feature)] = 1;
    request.entry.assign(100, '\0');
    request.entry[0] = format;
    std::promise<journal::AppendOutcome> outcome;
    request.done = [&](journal::AppendOutcome result) { outcome.set_value(result); };
    journal_->append(std::move(request));
    ASSERT_EQ(outcome.get_future().get(), journal::AppendOutcome::durable);
  }

  void expect_balance(const char* when) {
    const Balance balance = pipeline_->status_now().balance;
    EXPECT_EQ(balance.accepted, balance.delivered + balance.waiting + balance.dead_lettered + balance.missing) << when;
  }
  // Of a sink with room for one.
  void finish_one() {
    pipeline_->step();
    sink_->answer_newest(1);
    pipeline_->step();
  }
  void turn() {
    clock_.advance_us(kCursorIntervalUs + 1);
    pipeline_->step();
    expect_balance("after a turn");
  }

  const std::string directory_ = testing::TempDir() + "pipeline_test_data";
  std::unique_ptr<storage::FileSystem> files_ = storage::make_posix_file_system();
  SystemClock system_clock_;
  ManualClock clock_;
  journal::JournalLimits limits_;
  std::unique_ptr<journal::Journal> journal_;
  catalog::Destination destination_;
  std::unique_ptr<Pipeline> pipeline_;
  FakeSink* sink_ = nullptr;
  event::EntryWriter writer_;
  int next_ = 0;
};

}  // namespace sluice::exporting
