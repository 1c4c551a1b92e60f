#include "api/call_rate.h"

#include <gtest/gtest.h>

namespace sluice::api {
namespace {

constexpr std::int64_t kNowMs = 1'795'447'473'000;  // 3 s into a window

TEST(CallRate, lets_a_window_of_calls_pass_and_counts_down) {
  CallRate rate(2);
  for (std::uint64_t left = 20; left > 0; --left) {
    const auto spent = rate.spend("a", kNowMs);
    EXPECT_FALSE(spent.over);
    EXPECT_EQ(spent.remaining, left - 1);
    EXPECT_EQ(spent.next_window_ms, kNowMs + 7'000);
  }
  const auto over = rate.spend("a", kNowMs + 6'999);
  EXPECT_TRUE(over.over);
  EXPECT_EQ(over.remaining, 0U);
  EXPECT_FALSE(rate.spend("a", kNowMs + 7'000).over) << "a new window";
}

TEST(CallRate, holds_nobody_back_for_another) {
  CallRate rate(1);
  while (!rate.spend("a", kNowMs).over) {
  }
  EXPECT_FALSE(rate.spend("b", kNowMs).over);
}

TEST(CallRate, remembers_a_bounded_number_of_callers_and_those_beyond_share_a_count) {
  CallRate rate(1);
  for (std::size_t i = 0; i < kMaxRatedCallers; ++i) EXPECT_FALSE(rate.spend(std::to_string(i), kNowMs).over);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(rate.spend("new" + std::to_string(i), kNowMs).over);
  EXPECT_TRUE(rate.spend("one more", kNowMs).over);
  EXPECT_FALSE(rate.spend("7", kNowMs).over) << "who was there before is counted alone";
}

TEST(CallRate, of_zero_is_no_limit) {
  CallRate rate(0);
  for (int i = 0; i < 100'000; ++i) EXPECT_FALSE(rate.spend("a", kNowMs).over);
}

TEST(CallRate, begins_anew_when_the_clock_is_set_back) {
  CallRate rate(1);
  while (!rate.spend("a", kNowMs).over) {
  }
  EXPECT_FALSE(rate.spend("a", kNowMs - 60'000).over);
}

}  // namespace
}  // namespace sluice::api
