#include "export/history.h"

#include <gtest/gtest.h>

namespace sluice::exporting {
namespace {

constexpr std::int64_t kHistoryStartMs = 1'790'000'000'000;

// What `seconds` of these rates do, one look a second.
void pass(History& history, PipelineStatus& status, std::int64_t& now_ms, int seconds, std::uint64_t accepted,
          std::uint64_t delivered) {
  for (int i = 0; i < seconds; ++i, now_ms += 1'000) {
    status.balance.accepted += accepted;
    status.balance.delivered += delivered;
    status.delivered_bytes += delivered * 400;
    history.sample(status, now_ms);
  }
}

class HistoryTest : public testing::Test {
 protected:
  History history_{kHistoryStartMs};
  PipelineStatus status_;
  std::int64_t now_ms_ = kHistoryStartMs;
};

TEST_F(HistoryTest, rates_are_of_what_arrives_and_not_of_what_is_delivered) {
  history_.begin(status_);
  pass(history_, status_, now_ms_, 60, 20'000, 1'000);
  const HistoryRates rates = history_.rates(now_ms_);
  EXPECT_DOUBLE_EQ(rates.peak_events_per_s, 20'000);
  EXPECT_DOUBLE_EQ(rates.mean_events_per_s, 60 * 20'000.0 / 3600);
  EXPECT_DOUBLE_EQ(rates.bytes_per_event, 400);
}

TEST_F(HistoryTest, catching_up_is_no_peak) {
  history_.begin(status_);
  pass(history_, status_, now_ms_, 60, 100, 0);
  pass(history_, status_, now_ms_, 10, 100, 700);
  EXPECT_DOUBLE_EQ(history_.rates(now_ms_).peak_events_per_s, 100);
}

TEST_F(HistoryTest, before_the_first_delivery_the_size_of_events_is_not_known) {
  history_.begin(status_);
  pass(history_, status_, now_ms_, 10, 100, 0);
  EXPECT_EQ(history_.rates(now_ms_).bytes_per_event, 0);
}

// A pipeline assumes the largest backlog until the journal can be read, and then has less.
TEST_F(HistoryTest, a_backlog_that_is_counted_late_is_no_arrival) {
  status_.balance.accepted = 2'000'000;
  history_.begin(status_);
  status_.balance.accepted = 1'000'000;
  history_.sample(status_, now_ms_);
  EXPECT_EQ(history_.rates(now_ms_).peak_events_per_s, 0);
}

}  // namespace
}  // namespace sluice::exporting
