#include "journal/entry_signal.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace sluice::journal {
namespace {

TEST(EntrySignal, notifies_with_each_commit_unless_its_reader_rests) {
  Notifier notifier;
  EntrySignal signal(notifier);
  signal.committed(1);
  EXPECT_TRUE(notifier.take());
  signal.begin_reading();
  EXPECT_TRUE(signal.notify_at(1'000));
  signal.committed(600);
  EXPECT_FALSE(notifier.take());
  signal.committed(399);
  EXPECT_FALSE(notifier.take());
  signal.committed(1);
  EXPECT_TRUE(notifier.take()) << "so many wait";
  signal.committed(1);
  EXPECT_TRUE(notifier.take()) << "and more since";
  signal.begin_reading();
  signal.committed(999);
  EXPECT_FALSE(notifier.take()) << "what was read counts no more";
}

TEST(EntrySignal, a_reader_is_told_of_what_came_between_its_reading_and_its_rest) {
  Notifier notifier;
  EntrySignal signal(notifier);
  signal.begin_reading();
  EXPECT_TRUE(signal.notify_at(1'000));
  signal.begin_reading();
  signal.committed(1);
  EXPECT_FALSE(notifier.take());
  EXPECT_TRUE(signal.notify_at(1'000)) << "so few can wait";
  EXPECT_FALSE(signal.notify_at(1)) << "it is to read before it waits for the next commit";
}

// A reader that rests now and then, and waits for the next commit in between. It never sleeps for longer than its rest
// while something waits: one lost signal, and this never ends.
TEST(EntrySignal, loses_no_commit_between_two_threads) {
  constexpr std::uint64_t kCommits = 50'000;
  Notifier notifier;
  EntrySignal signal(notifier);
  std::atomic<std::uint64_t> committed = 0;
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < kCommits; ++i) {
      committed.fetch_add(1, std::memory_order_relaxed);
      signal.committed(100);
      if (i % 64 == 0) std::this_thread::yield();
    }
  });
  std::uint64_t read = 0;
  for (int turn = 0; read < kCommits; ++turn) {
    signal.begin_reading();
    const std::uint64_t now = committed.load(std::memory_order_relaxed);
    const bool rests = now > read && turn % 3 == 0;
    read = now;
    if (read == kCommits || !signal.notify_at(rests ? 10'000 : 1)) continue;
    const bool notified = notifier.wait_us(rests ? 100 : 30'000'000);
    ASSERT_TRUE(rests || notified);
  }
  writer.join();
}

}  // namespace
}  // namespace sluice::journal
