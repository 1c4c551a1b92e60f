// A journal or an entry that cannot be read: the pipeline says so, and skips nothing that may be read later.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "export/pipeline_rig_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::exporting {
namespace {

// Stands for an entry of a later Sluice: its checksum holds, and its first byte is a format that is not known.
TEST_F(PipelineTest, an_entry_of_a_later_version_blocks_and_is_not_skipped) {
  append({event::EventKind::feature});
  append_format(2);
  append({event::EventKind::feature});
  start();
  sink_->answer_all(true);
  for (int i = 0; i < 30; ++i) turn();
  EXPECT_EQ(sink_->delivered().size(), 1u) << "nothing behind it is delivered";
  const PipelineStatus status = pipeline_->status_now();
  ASSERT_TRUE(status.problem);
  EXPECT_EQ(status.problem->code, "entry_format_unknown");
  EXPECT_EQ(status.problem->weight, Problem::Weight::setup);
  EXPECT_EQ(status.balance.waiting, 2u);
  EXPECT_EQ(status.balance.missing, 0u);
  EXPECT_LT(status.position, journal_->end());
}

// A fault of the writer, not another version: told, counted as missing, and not in the others' way.
TEST_F(PipelineTest, an_entry_of_this_version_that_is_wrong_inside_is_told_and_stepped_over) {
  append_format(1);
  append({event::EventKind::feature});
  start();
  sink_->answer_all(true);
  for (int i = 0; i < 3; ++i) turn();
  EXPECT_EQ(sink_->delivered().size(), 1u);
  EXPECT_EQ(pipeline_->status_now().balance.missing, 1u);
  EXPECT_FALSE(pipeline_->status_now().problem);
}

TEST_F(PipelineTest, waits_for_a_journal_that_cannot_be_read_says_so_and_loses_nothing) {
  storage::FakeFileSystem files(1);
  auto opened = journal::Journal::open("/journal", limits_, files, system_clock_);
  ASSERT_TRUE(opened);
  journal_ = std::move(*opened);
  for (int i = 0; i < 10; ++i) append({event::EventKind::feature});
  const auto start_here = [&] {
    auto cursor = journal::CursorFile::open("/cursors", destination_.id, files);
    auto sink = std::make_unique<FakeSink>(100);
    sink_ = sink.get();
    sink_->answer_all(true);
    pipeline_ = std::make_unique<Pipeline>(destination_, *journal_, std::move(*cursor), std::move(sink), clock_);
  };
  start_here();
  for (int i = 0; i < 3; ++i) turn();
  ASSERT_EQ(sink_->delivered().size(), 10u);
  files.fail_read(".segment", static_cast<std::uint32_t>(journal_->end().value) + 10);
  for (int i = 0; i < 3; ++i) append({event::EventKind::feature});
  for (int i = 0; i < 30; ++i) turn();
  EXPECT_EQ(sink_->delivered().size(), 10u);
  ASSERT_TRUE(pipeline_->status_now().problem);
  EXPECT_EQ(pipeline_->status_now().problem->code, "journal_read_failed");
  EXPECT_EQ(pipeline_->status_now().problem->weight, Problem::Weight::transient);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 3u);
  // A sink without room keeps it from asking again, and it sleeps until there is room.
  sink_->answer_all(false);
  sink_->set_room(0);
  clock_.advance_us(kJournalRetryAtMostUs);
  pipeline_->step();
  EXPECT_GT(pipeline_->step(), clock_.steady_us());
  sink_->set_room(100);
  sink_->answer_all(true);
  // Made anew beside it, as after a change of settings: it cannot even count what waits.
  pipeline_->close();
  pipeline_.reset();
  start_here();
  EXPECT_GE(pipeline_->status_now().balance.waiting, 3u);
  EXPECT_EQ(pipeline_->status_now().problem->code, "journal_read_failed");
  for (int i = 0; i < 3; ++i) pipeline_->step();
  files.heal_reads();
  clock_.advance_us(kJournalRetryAtMostUs);
  for (int i = 0; i < 3; ++i) turn();
  EXPECT_EQ(sink_->delivered().size(), 3u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 0u);
  EXPECT_EQ(pipeline_->status_now().balance.missing, 0u);
  EXPECT_FALSE(pipeline_->status_now().problem);
  pipeline_.reset();
  journal_.reset();
}

}  // namespace
}  // namespace sluice::exporting
