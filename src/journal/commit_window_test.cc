#include "journal/commit_window.h"

#include <gtest/gtest.h>

namespace sluice::journal {
namespace {

// So many payloads a second for a while, each taken alone.
CommitWindow at_rate(std::int64_t per_s, std::int64_t& now_us) {
  CommitWindow window;
  window.took(0, now_us);
  for (std::int64_t i = 0; i < per_s / 5; ++i) window.took(1, now_us += 1'000'000 / per_s);
  return window;
}

TEST(CommitWindow, where_payloads_are_rare_none_waits) {
  std::int64_t now_us = 5'000'000'000;
  const CommitWindow window = at_rate(1'900, now_us);
  EXPECT_EQ(window.enough(), 0u);
  EXPECT_EQ(window.wait_us(1, 500, now_us, now_us), 0);
  EXPECT_EQ(CommitWindow().wait_us(1, 500, now_us, now_us), 0) << "the first of all";
}

TEST(CommitWindow, where_many_come_the_oldest_waits_for_most_of_them_and_a_millisecond_at_most) {
  std::int64_t now_us = 5'000'000'000;
  const CommitWindow window = at_rate(8'000, now_us);
  EXPECT_EQ(window.enough(), 7u);  // three quarters of eight, and one
  EXPECT_EQ(window.wait_us(1, 500, now_us, now_us), kCommitWindowUs);
  EXPECT_EQ(window.wait_us(6, 3'000, now_us - 400, now_us), 600);
  EXPECT_EQ(window.wait_us(7, 3'500, now_us - 400, now_us), 0) << "so many are enough";
  EXPECT_EQ(window.wait_us(1, 500, now_us - 1'000, now_us), 0);
  EXPECT_EQ(window.wait_us(1, 500, now_us - 5'000, now_us), 0) << "it waited while the disk was busy";
  EXPECT_EQ(window.wait_us(1, 500, now_us + 5'000, now_us), kCommitWindowUs) << "by another look at the clock";
}

TEST(CommitWindow, many_bytes_wait_for_nobody) {
  std::int64_t now_us = 5'000'000'000;
  const CommitWindow window = at_rate(8'000, now_us);
  EXPECT_GT(window.wait_us(1, kCommitWindowBytes - 1, now_us, now_us), 0);
  EXPECT_EQ(window.wait_us(1, kCommitWindowBytes, now_us, now_us), 0);
}

TEST(CommitWindow, a_rush_that_is_over_is_forgotten_with_the_first_payload_after_it) {
  std::int64_t now_us = 5'000'000'000;
  CommitWindow window = at_rate(8'000, now_us);
  window.took(1, now_us += 10'000'000);
  EXPECT_EQ(window.enough(), 0u);
}

}  // namespace
}  // namespace sluice::journal
