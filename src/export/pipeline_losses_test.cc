// What the journal lost is told missing to each destination that had not had it, whatever comes in between.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "export/pipeline_rig_fake.h"

namespace sluice::exporting {
namespace {

// Three segments of three entries of one event each.
class PipelineLosses : public PipelineTest {
 protected:
  static constexpr int kEntries = 9;
  static constexpr std::size_t kEntryBytes = 300'000;

  PipelineLosses() {
    for (int i = 0; i < kEntries; ++i) append({event::EventKind::feature}, kPipelineEnvironment, kEntryBytes);
  }

  std::string segment(std::size_t number) const {
    std::vector<std::string> found;
    for (const auto& each : std::filesystem::directory_iterator(directory_ + "/journal/segments"))
      if (each.path().extension() == ".segment") found.push_back(each.path());
    std::ranges::sort(found);
    return found.at(number);
  }
  void overwrite(const std::string& path, std::size_t from, std::size_t bytes) const {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(from));
    file << std::string(bytes, '\0');
  }
  void restart(std::size_t room = 100) {
    pipeline_.reset();
    journal_.reset();
    open();
    start(room);
  }
  // Delivers so many of those that it gets, one at a time.
  void deliver(int events) {
    for (int i = 0; i < events; ++i) {
      pipeline_->step();
      sink_->answer_newest(1);
      turn();
    }
  }
  void deliver_all() {
    sink_->answer_all(true);
    for (int i = 0; i < 20; ++i) turn();
  }
  Balance balance() const { return pipeline_->status_now().balance; }
};

// Found by the simulation (seed 60025520): the cursor had passed the segment, and nothing had been counted yet.
TEST_F(PipelineLosses, a_segment_that_is_gone_is_told_though_a_restart_comes_before_all_is_delivered) {
  pipeline_.reset();
  journal_.reset();
  overwrite(segment(1), 0, 1 << 20);
  open();
  start(1);
  EXPECT_EQ(balance().waiting, 9u);
  deliver(4);
  EXPECT_EQ(balance().missing, 3u) << "the cursor is behind them";
  EXPECT_EQ(balance().waiting, 2u);
  EXPECT_EQ(balance().accepted, 9u);
  restart();
  EXPECT_EQ(balance().accepted, 9u);
  EXPECT_EQ(balance().missing, 3u);
  EXPECT_EQ(balance().waiting, 2u);
  deliver_all();
  EXPECT_EQ(balance().delivered, 6u);
  EXPECT_EQ(balance().missing, 3u);
  EXPECT_EQ(balance().waiting, 0u);
}

// Its place in front of them is what counts: they are counted once.
TEST_F(PipelineLosses, a_segment_that_is_gone_is_told_once_though_a_restart_comes_before_the_cursor_is_behind_it) {
  pipeline_.reset();
  journal_.reset();
  overwrite(segment(1), 0, 1 << 20);
  open();
  start();
  turn();
  EXPECT_EQ(sink_->inside(), 6u) << "all is read";
  EXPECT_EQ(balance().missing, 0u);
  restart();
  EXPECT_EQ(balance().accepted, 9u);
  deliver_all();
  EXPECT_EQ(balance().delivered, 6u);
  EXPECT_EQ(balance().missing, 3u);
  EXPECT_EQ(balance().accepted, 9u);
  restart();
  EXPECT_EQ(balance().missing, 3u);
  EXPECT_EQ(balance().accepted, 9u);
}

TEST_F(PipelineLosses, an_entry_whose_bytes_do_not_hold_is_told_though_a_restart_comes_before_all_is_delivered) {
  start(1);
  overwrite(segment(1), 400'000, 8);  // of the second one in it
  deliver(5);
  EXPECT_EQ(balance().missing, 1u);
  restart();
  EXPECT_EQ(balance().missing, 1u);
  deliver_all();
  EXPECT_EQ(balance().delivered, 8u);
  EXPECT_EQ(balance().missing, 1u);
  EXPECT_EQ(balance().accepted, 9u);
}

TEST_F(PipelineLosses, an_entry_that_cannot_be_understood_is_told_though_a_restart_comes_before_all_is_delivered) {
  append_format(1);
  append({event::EventKind::feature}, kPipelineEnvironment, kEntryBytes);
  append({event::EventKind::feature}, kPipelineEnvironment, kEntryBytes);
  start(1);
  deliver(10);
  EXPECT_EQ(balance().missing, 1u);
  EXPECT_EQ(balance().waiting, 1u);
  restart();
  EXPECT_EQ(balance().missing, 1u);
  EXPECT_EQ(balance().accepted, 12u);
}

TEST_F(PipelineLosses, what_was_told_missing_stays_told_when_the_sink_begins_anew) {
  start(1);
  overwrite(segment(1), 400'000, 8);
  deliver(6);
  ASSERT_EQ(balance().missing, 1u);
  sink_->lose_all();
  for (int i = 0; i < 3; ++i) turn();
  EXPECT_EQ(balance().missing, 1u);
  EXPECT_EQ(balance().accepted, 9u);
  deliver_all();
  EXPECT_EQ(balance().missing, 1u);
  EXPECT_EQ(balance().delivered, 8u);
}

TEST_F(PipelineLosses, what_the_sink_may_have_all_the_same_is_not_told_missing_before_it_is_known) {
  pipeline_.reset();
  journal_.reset();
  overwrite(segment(1), 0, 1 << 20);
  open();
  start(1);
  sink_->set_held({journal::Position{journal_->end().value - (1ull << 32)}, 0}, HeldAlone{.waiting = 3});
  deliver(5);
  EXPECT_EQ(balance().missing, 0u);
  sink_->set_held({journal::Position{journal_->end().value - (1ull << 32)}, 0},
                  HeldAlone{.delivered = 3, .delivered_bytes = 30});
  sink_->set_room(100);
  deliver_all();
  EXPECT_EQ(balance().missing, 0u);
  EXPECT_EQ(balance().delivered, 9u);
}

// How it is told to a destination that has read nothing else of its environment behind it: reconcile().
TEST_F(PipelineLosses, a_segment_that_is_gone_at_the_end_of_what_there_is_is_told) {
  start();
  deliver_all();
  ASSERT_EQ(balance().delivered, 9u);
  pipeline_->close();
  pipeline_.reset();
  for (int i = 0; i < 3; ++i) append({event::EventKind::feature}, kPipelineEnvironment, kEntryBytes);
  append({event::EventKind::feature}, kOtherEnvironment, kEntryBytes);
  journal_.reset();
  overwrite(segment(3), 0, 1 << 20);
  open();
  start();
  deliver_all();
  EXPECT_EQ(balance().missing, 3u);
  EXPECT_EQ(balance().accepted, 12u);
}

}  // namespace
}  // namespace sluice::exporting
