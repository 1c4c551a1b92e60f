#include "relay/ping_again.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "base/clock_fake.h"
#include "base/worker.h"

namespace sluice::relay {
namespace {

class PingAgainTest : public testing::Test {
 protected:
  // How long after a failure they are told.
  std::int64_t told_after_ms() {
    again_.note_failure();
    EXPECT_FALSE(again_.is_due());
    const std::int64_t wait_ms = (again_.wait_us() + 999) / 1'000;
    clock_.advance_us(wait_ms * 1'000);
    EXPECT_TRUE(again_.is_due());
    return wait_ms;
  }

  ManualClock clock_;
  Notifier notifier_;
  PingAgain again_{clock_, notifier_, Random(7)};
};

TEST_F(PingAgainTest, nothing_is_told_without_a_failure) {
  EXPECT_FALSE(again_.is_due());
  EXPECT_EQ(again_.wait_us(), kUntilNotified);
}

TEST_F(PingAgainTest, a_change_is_told_once_more_after_the_last_of_several) {
  again_.note_change();
  clock_.advance_us((kPingAfterChangeMs - 1) * 1'000);
  again_.note_change();
  clock_.advance_us((kPingAfterChangeMs - 1) * 1'000);
  EXPECT_FALSE(again_.is_due());
  clock_.advance_us(1'000);
  EXPECT_TRUE(again_.is_due());
  EXPECT_EQ(again_.wait_us(), kUntilNotified);
}

TEST_F(PingAgainTest, many_failures_are_told_once) {
  again_.note_failure();
  EXPECT_FALSE(again_.is_due());
  for (int i = 0; i < 100; ++i) again_.note_failure();
  clock_.advance_us(kPingAgainMs * 1'000);
  EXPECT_TRUE(again_.is_due());
  EXPECT_FALSE(again_.is_due());
  EXPECT_EQ(again_.wait_us(), kUntilNotified);
}

TEST_F(PingAgainTest, an_upstream_that_keeps_failing_is_asked_ever_more_slowly) {
  for (std::int64_t most = kPingAgainMs; most < 2 * kMostPingAgainMs; most *= 2) {
    const std::int64_t held = std::min(most, kMostPingAgainMs);
    const std::int64_t after = told_after_ms();
    EXPECT_LE(after, held);
    EXPECT_GE(after, held / 2);
  }
}

TEST_F(PingAgainTest, a_failure_long_after_the_last_one_is_the_first_one_again) {
  for (int i = 0; i < 4; ++i) told_after_ms();
  clock_.advance_us((kAnsweredWithinMs + 1) * 1'000);
  EXPECT_LE(told_after_ms(), kPingAgainMs);
}

}  // namespace
}  // namespace sluice::relay
