#include "export/histories.h"

#include <gtest/gtest.h>

#include <string>

#include "storage/file_system_fake.h"

namespace sluice::exporting {
namespace {

class HistoriesTest : public testing::Test {
 protected:
  HistoriesTest() { EXPECT_TRUE(files_.make_directory("/data")); }
  static ObjectId id(int number) { return *ObjectId::parse("610addeadbeefaa86ec9" + std::to_string(1'000 + number)); }
  std::string kept(ObjectId destination) const {
    return files_.bytes("/data/history/" + destination.hex() + ".history");
  }
  // One event more, of the newest steps.
  void deliver(ObjectId destination) {
    PipelineStatus status;
    const auto history = histories_.of(destination);
    const auto pipeline = history->begin(status);
    status.balance.accepted = status.balance.delivered = 1;
    for (int step = 1; step <= 2; ++step) history->sample(pipeline, status, clock_.wall_ms() + step * 20'000);
  }

  ManualClock clock_;
  storage::FakeFileSystem files_{1};
  Histories histories_{files_, clock_, "/data/history"};
};

TEST_F(HistoriesTest, are_one_a_destination_and_are_saved_every_ten_seconds_or_now) {
  EXPECT_EQ(histories_.of(id(1)), histories_.of(id(1)));
  EXPECT_NE(histories_.of(id(1)), histories_.of(id(2)));
  histories_.keep(Histories::Save::when_due);
  const std::string empty = kept(id(1));
  deliver(id(1));
  clock_.advance_us(9'999'999);
  histories_.keep(Histories::Save::when_due);
  EXPECT_EQ(kept(id(1)), empty);
  clock_.advance_us(1);
  histories_.keep(Histories::Save::when_due);
  EXPECT_NE(kept(id(1)), empty);
  deliver(id(2));
  histories_.keep(Histories::Save::when_due);
  EXPECT_EQ(kept(id(2)), empty);
  histories_.keep(Histories::Save::now);
  EXPECT_NE(kept(id(2)), empty);
}

TEST_F(HistoriesTest, that_cannot_be_saved_are_told_and_tried_again_after_five_seconds) {
  histories_.keep(Histories::Save::now);
  deliver(id(1));
  files_.fail_write(0, storage::FileFault::no_space);
  histories_.keep(Histories::Save::now);
  ASSERT_EQ(files_.unsaved().all().size(), 1u);
  EXPECT_EQ(files_.unsaved().all()[0].kind, storage::UnsavedKind::history);
  clock_.advance_us(5'000'000);
  histories_.keep(Histories::Save::when_due);
  EXPECT_TRUE(files_.unsaved().all().empty());
}

TEST_F(HistoriesTest, that_cannot_be_read_are_read_once_they_can_be) {
  deliver(id(1));
  histories_.keep(Histories::Save::now);
  Histories later(files_, clock_, "/data/history");
  const auto history = later.of(id(1));
  files_.fail_read(id(1).hex() + ".history", 0);
  later.keep(Histories::Save::when_due);
  EXPECT_EQ(history->last_delivery_ms(), 0);
  EXPECT_EQ(files_.unsaved().all().size(), 1u);
  files_.heal_reads();
  clock_.advance_us(5'000'000);
  later.keep(Histories::Save::when_due);
  EXPECT_TRUE(files_.unsaved().all().empty());
}

TEST_F(HistoriesTest, of_thousands_some_are_read_at_a_time) {
  for (int i = 0; i < 250; ++i) histories_.of(id(i));
  const auto loaded = [&] {
    int count = 0;
    for (int i = 0; i < 250; ++i) count += histories_.of(id(i))->loaded();
    return count;
  };
  histories_.keep(Histories::Save::when_due);
  EXPECT_EQ(loaded(), 200);
  histories_.keep(Histories::Save::when_due);
  EXPECT_EQ(loaded(), 250);
}

TEST_F(HistoriesTest, of_a_destination_that_is_gone_nothing_is_saved_any_more) {
  const auto before = histories_.of(id(1));
  histories_.keep(Histories::Save::now);
  const std::string empty = kept(id(1));
  deliver(id(1));
  { const auto nothing_is_kept = histories_.forget({id(1)}); }
  histories_.keep(Histories::Save::now);
  EXPECT_EQ(kept(id(1)), empty);
  EXPECT_NE(histories_.of(id(1)), before);
}

}  // namespace
}  // namespace sluice::exporting
