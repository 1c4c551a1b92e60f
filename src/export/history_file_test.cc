#include "export/history_file.h"

#include <gtest/gtest.h>

#include "export/shared_history.h"
#include "storage/file_system_fake.h"

namespace sluice::exporting {
namespace {

constexpr std::int64_t kStartMs = 1'700'000'000'000;
constexpr std::int64_t kStepMs = 10'000;
const std::string kHistoryPath = "/data/history/610addeadbeefaa86ec9a7d4.history";

PipelineStatus after(std::uint64_t delivered, std::int64_t last_delivery_ms) {
  PipelineStatus status;
  status.balance.accepted = status.balance.delivered = delivered;
  status.delivered_bytes = 100 * delivered;
  status.last_delivery = {last_delivery_ms, 1};
  status.latency_counts[3] = delivered;
  return status;
}

std::uint64_t delivered_in(const SharedHistory& history, HistorySpan span, std::int64_t now_ms) {
  std::uint64_t sum = 0;
  for (const HistoryStep& step : history.steps(span, now_ms)) sum += step.delivered;
  return sum;
}

class HistoryFileTest : public testing::Test {
 protected:
  HistoryFileTest() { EXPECT_TRUE(files_.make_directory("/data")); }
  std::unique_ptr<SharedHistory> loaded(std::int64_t now_ms) {
    auto history = std::make_unique<SharedHistory>(now_ms);
    history->load(files_, kHistoryPath, now_ms);
    return history;
  }
  storage::FakeFileSystem files_{1};
};

TEST_F(HistoryFileTest, what_was_delivered_is_known_after_a_restart) {
  const auto before = loaded(kStartMs);
  const auto pipeline = before->begin(after(1'000, 0));  // delivered in an earlier life, with no history
  before->sample(pipeline, after(1'007, kStartMs + 1), kStartMs + 1);
  before->sample(pipeline, after(1'010, kStartMs + kStepMs), kStartMs + kStepMs);
  before->save(kStartMs);

  const std::int64_t now_ms = kStartMs + 2 * kStepMs;
  const auto again = loaded(now_ms);
  EXPECT_EQ(again->last_delivery_ms(), kStartMs + kStepMs);
  for (const HistorySpan span : {HistorySpan::hour, HistorySpan::day, HistorySpan::week})
    EXPECT_EQ(delivered_in(*again, span, now_ms), 10u);
  const auto steps = again->steps(HistorySpan::hour, now_ms);
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].delivered_bytes, 700u);
  EXPECT_EQ(steps[0].latency_counts[3], 7u);
  EXPECT_LT(steps[0].at_ms, steps[1].at_ms);
}

TEST_F(HistoryFileTest, what_came_before_it_was_read_is_added_to_it) {
  const auto before = loaded(kStartMs);
  before->sample(before->begin(after(0, 0)), after(5, kStartMs), kStartMs);
  before->save(kStartMs);
  const auto again = std::make_unique<SharedHistory>(kStartMs + 2);
  again->sample(again->begin(after(5, 0)), after(9, 0), kStartMs + 2);
  again->load(files_, kHistoryPath, kStartMs + 3);
  EXPECT_EQ(delivered_in(*again, HistorySpan::hour, kStartMs + 3), 9u);
  EXPECT_EQ(again->steps(HistorySpan::hour, kStartMs + 3).size(), 1u);
  again->save(kStartMs);
  EXPECT_EQ(delivered_in(*loaded(kStartMs + 4), HistorySpan::week, kStartMs + 4), 9u);
}

TEST_F(HistoryFileTest, a_week_later_it_has_forgotten_and_keeps_its_size) {
  auto history = loaded(kStartMs);
  const auto pipeline = history->begin(after(0, 0));
  std::int64_t now_ms = kStartMs;
  for (std::uint64_t i = 1; i <= 2 * 7 * 48; ++i) {  // two weeks
    now_ms += 1'800'000;
    history->sample(pipeline, after(i, now_ms), now_ms);
    history->save(kStartMs);
  }
  auto file = files_.open(kHistoryPath, false);
  ASSERT_TRUE(file);
  EXPECT_LT(*(*file)->size(), 200'000u);
  history = loaded(now_ms);
  EXPECT_NEAR(static_cast<double>(delivered_in(*history, HistorySpan::week, now_ms)), 7 * 48, 1);
  EXPECT_NEAR(static_cast<double>(delivered_in(*history, HistorySpan::day, now_ms)), 48, 1);
  EXPECT_EQ(delivered_in(*loaded(now_ms + 8 * 86'400'000ll), HistorySpan::week, now_ms + 8 * 86'400'000ll), 0u);
}

TEST_F(HistoryFileTest, a_damaged_step_is_left_out_and_the_others_stay) {
  auto history = loaded(kStartMs);
  const auto pipeline = history->begin(after(0, 0));
  for (std::uint64_t i = 1; i <= 3; ++i)
    history->sample(pipeline, after(i, 0), kStartMs + static_cast<std::int64_t>(i) * kStepMs);
  history->save(kStartMs);
  auto file = files_.open(kHistoryPath, false);
  ASSERT_TRUE(file);
  const std::uint64_t slot = static_cast<std::uint64_t>(kStartMs / kStepMs + 2) % 361;
  ASSERT_TRUE((*file)->write_at(64 + slot * 136 + 16, "x"));
  EXPECT_EQ(delivered_in(*loaded(kStartMs + 40'000), HistorySpan::hour, kStartMs + 40'000), 2u);
  ASSERT_TRUE((*file)->write_at(0, "something else"));
  EXPECT_EQ(delivered_in(*loaded(kStartMs + 40'000), HistorySpan::hour, kStartMs + 40'000), 0u);
}

TEST_F(HistoryFileTest, a_look_at_a_pipeline_that_has_ended_counts_nothing_twice) {
  const auto history = loaded(kStartMs);
  const auto first = history->begin(after(1'000'000, 0));
  const auto second = history->begin(after(1'000'000, 0));
  history->sample(first, after(999'999, 0), kStartMs);
  history->sample(second, after(1'000'001, 0), kStartMs);
  EXPECT_EQ(delivered_in(*history, HistorySpan::hour, kStartMs), 1u);
}

}  // namespace
}  // namespace sluice::exporting
