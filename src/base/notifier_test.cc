#include "base/notifier.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace sluice {
namespace {

constexpr std::int64_t kLongUs = 30'000'000;

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

TEST(Notifier, keeps_a_notification_that_comes_while_its_owner_is_awake_once) {
  Notifier notifier;
  EXPECT_FALSE(notifier.wait_us(0));
  EXPECT_FALSE(notifier.take());
  notifier.notify();
  notifier.notify();
  EXPECT_TRUE(notifier.wait_us(kLongUs));
  EXPECT_FALSE(notifier.wait_us(0)) << "two are one";
  notifier.notify();
  EXPECT_TRUE(notifier.take());
  EXPECT_FALSE(notifier.take());
  notifier.notify();
  EXPECT_TRUE(notifier.wait_us(-1)) << "a time that is over is no reason to lose it";
}

TEST(Notifier, sleeps_for_as_long_as_it_is_told_and_then_no_longer) {
  Notifier notifier;
  const std::int64_t begin_us = steady_us();
  EXPECT_FALSE(notifier.wait_us(20'000));
  EXPECT_GE(steady_us() - begin_us, 20'000);
  EXPECT_FALSE(notifier.wait_us(1)) << "the sleep that ran out is over";
}

TEST(Notifier, a_time_without_end_does_not_overflow) {
  Notifier notifier;
  std::thread other([&] { notifier.notify(); });
  EXPECT_TRUE(notifier.wait_us(INT64_MAX));
  other.join();
}

// Each hands the other what it wrote, and sleeps until the other has answered: one lost notification, or a word that is
// not seen, and it never ends.
TEST(Notifier, loses_none_between_two_threads_and_shows_what_was_written_before) {
  constexpr int kTurns = 20'000;
  Notifier there, back;
  int ball = 0;
  std::thread other([&] {
    for (int turn = 0; turn < kTurns; ++turn) {
      ASSERT_TRUE(there.wait_us(kLongUs));
      ASSERT_EQ(ball, 2 * turn + 1);
      ++ball;
      back.notify();
    }
  });
  for (int turn = 0; turn < kTurns; ++turn) {
    ++ball;
    there.notify();
    ASSERT_TRUE(back.wait_us(kLongUs));
    ASSERT_EQ(ball, 2 * turn + 2);
  }
  other.join();
}

// Many write, one reads: as intake's loops and the journal's writer.
TEST(Notifier, what_many_wrote_before_they_notified_is_found_without_a_further_notification) {
  constexpr int kThreads = 4, kEach = 20'000;
  Notifier notifier;
  std::atomic<int> written = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < kEach; ++n) {
        written.fetch_add(1, std::memory_order_relaxed);
        notifier.notify();
      }
    });
  while (written.load(std::memory_order_relaxed) < kThreads * kEach) ASSERT_TRUE(notifier.wait_us(kLongUs));
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace sluice
