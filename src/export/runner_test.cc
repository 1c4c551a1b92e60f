#include "export/runner.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/worker_fake.h"
#include "event/entry.h"
#include "export/limits.h"
#include "export/sink_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::exporting {
namespace {

const ObjectId kRunnerEnvironment = *ObjectId::parse("578d1e02d2943862c52b9686");

// The journal's writer and the destination step by hand, while time stands still or passes.
class RunnerTest : public testing::Test {
 protected:
  RunnerTest() {
    std::filesystem::remove_all(directory_);
    journal::JournalLimits limits;
    limits.segment_bytes = 8 << 20;
    limits.max_bytes = 64 << 20;
    limits.min_free_bytes = 0;
    journal_ = *journal::Journal::open(directory_ + "/journal", limits, *files_, clock_, workers_);
  }
  ~RunnerTest() override {
    sink_->answer_all(true);  // the runner waits for calls in flight
    workers_.run_for_us(1'000'000);
    runner_.reset();
    journal_.reset();
    std::filesystem::remove_all(directory_);
  }

  void start(std::int64_t read_patience_us) {
    catalog::Destination destination;
    destination.id = *ObjectId::parse("610addeadbeefaa86ec9a7d4");
    destination.environment_id = kRunnerEnvironment;
    auto cursor = journal::CursorFile::open(directory_ + "/cursors", destination.id, *files_);
    ASSERT_TRUE(cursor) << cursor.error().message;
    const auto make_sink = [&](const auto&...) {
      auto sink = std::make_unique<FakeSink>(1'000'000);
      sink->set_read_patience_us(read_patience_us);
      sink_ = sink.get();
      return sink;
    };
    runner_ = std::make_unique<Runner>(
        destination, *journal_, std::move(*cursor), clock_,
        std::make_shared<DeadLetterFile>(directory_ + "/dead", destination.id, *files_, clock_), make_sink, workers_);
    runner_->start();
    workers_.run_for_us(1'000'000);
  }

  // One event, durable, and whoever is woken by it has stepped.
  void append(std::size_t pad_bytes = 0) {
    event::EntryWriter writer;
    writer.begin({}, kRunnerEnvironment, clock_.wall_ms(), {});
    writer.json() += R"({"kind":"custom","pad":")" + std::string(pad_bytes, 'x') + R"("})";
    writer.end_event(event::EventKind::custom, 2, false, 0, 0);
    journal::AppendRequest request;
    request.environment = kRunnerEnvironment;
    request.received_ms = clock_.wall_ms();
    request.counts = writer.counts();
    writer.finish(request.entry);
    bool durable = false;
    request.done = [&](journal::AppendOutcome outcome) { durable = outcome == journal::AppendOutcome::durable; };
    journal_->append(std::move(request));
    workers_.run_due();
    ASSERT_TRUE(durable);
  }

  const std::string directory_ = testing::TempDir() + "runner_test_data";
  std::unique_ptr<storage::FileSystem> files_ = storage::make_posix_file_system();
  ManualClock clock_;
  ManualWorkers workers_{clock_};
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<Runner> runner_;
  FakeSink* sink_ = nullptr;
};

TEST_F(RunnerTest, an_event_that_comes_alone_is_read_immediately_and_those_behind_it_together) {
  start(kReadPatienceUs);
  append();
  EXPECT_EQ(sink_->inside(), 1u);
  append();
  workers_.run_for_us(kReadPatienceUs / 2);
  append();
  workers_.run_for_us(kReadPatienceUs / 2 - 1);
  EXPECT_EQ(sink_->inside(), 1u) << "they may wait for more";
  workers_.run_for_us(1);
  EXPECT_EQ(sink_->inside(), 3u) << "for so long";
  workers_.run_for_us(kReadPatienceUs);
  append();
  EXPECT_EQ(sink_->inside(), 4u) << "nothing came for a while";
}

TEST_F(RunnerTest, many_bytes_are_read_before_their_time) {
  start(kReadPatienceUs);
  append();
  append(kRestBytes / 2);
  EXPECT_EQ(sink_->inside(), 1u);
  append(kRestBytes / 2);
  EXPECT_EQ(sink_->inside(), 3u);
}

TEST_F(RunnerTest, a_sink_without_patience_is_given_each_commit) {
  start(0);
  for (std::size_t i = 1; i < 5; ++i) {
    append();
    EXPECT_EQ(sink_->inside(), i);
  }
}

}  // namespace
}  // namespace sluice::exporting
