#include "journal/marks.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>

namespace sluice::journal {
namespace {

ObjectId numbered(std::uint64_t n) {
  std::string hex = std::to_string(n);
  return *ObjectId::parse(std::string(24 - hex.size(), '0') + hex);
}

event::EventKindCounts customs(std::uint64_t n) {
  event::EventKindCounts counts{};
  counts[0] = n;
  return counts;
}

// Many environments, so that some share a bucket.
TEST(Marks, keep_each_environments_numbers_apart) {
  Marks marks;
  constexpr std::uint64_t kEnvironments = 1'000;
  for (std::uint64_t i = 0; i < kEnvironments; ++i)
    marks.environment(numbered(i)).add(customs(i), i * 2, static_cast<std::int64_t>(i), {i}, {i + 1});
  marks.set_end({kEnvironments});
  for (std::uint64_t i = 0; i < kEnvironments; ++i) {
    const EnvironmentMark mark = marks.mark(numbered(i));
    EXPECT_EQ(mark.appended, customs(i));
    EXPECT_EQ(mark.appended_bytes, i * 2);
    EXPECT_EQ(mark.last_received_ms, static_cast<std::int64_t>(i));
    EXPECT_EQ(mark.end.value, kEnvironments) << "all that is durable, whosever it is";
    EXPECT_EQ(marks.last_end(numbered(i)).value, i + 1);
  }
  const EnvironmentMark unknown = marks.mark(numbered(kEnvironments));
  EXPECT_EQ(unknown.appended, customs(0));
  EXPECT_EQ(unknown.end.value, kEnvironments);
  EXPECT_EQ(marks.last_end(numbered(kEnvironments)).value, 0u);
}

TEST(Marks, remember_where_the_last_entries_begin) {
  Marks marks;
  for (std::uint64_t i = 1; i <= kRecentEntries + 5; ++i) {
    marks.environment(numbered(1)).add(customs(1), 1, 1, {i * 100}, {i * 100 + 99});
    const std::uint64_t first = i <= kRecentEntries ? 1 : i - kRecentEntries + 1;
    EXPECT_EQ(marks.mark(numbered(1)).recent.value, first * 100) << "after " << i;
  }
}

// An entry is in all of an environment's numbers, or in none.
TEST(Marks, are_never_seen_half_changed) {
  Marks marks;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (std::uint64_t i = 1; i <= 20'000; ++i) {
      marks.environment(numbered(i % 64)).add(customs(3), 3, static_cast<std::int64_t>(i), {i}, {i + 1});
      marks.set_end({i + 1});
    }
    done = true;
  });
  std::array<std::uint64_t, 64> last_end{};  // what an environment was told does not go back
  for (std::uint64_t i = 0; !done; ++i) {
    const EnvironmentMark mark = marks.mark(numbered(i % 64));
    EXPECT_EQ(mark.appended[0], mark.appended_bytes);
    EXPECT_GE(mark.end.value, static_cast<std::uint64_t>(mark.last_received_ms));
    EXPECT_GE(mark.end.value, last_end[i % 64]);
    last_end[i % 64] = mark.end.value;
  }
  writer.join();
}

}  // namespace
}  // namespace sluice::journal
