#include "export/journal_problem.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "export/limits.h"

namespace sluice::exporting {
namespace {

TEST(JournalProblem, is_asked_again_after_pauses_that_double_to_a_cap) {
  ManualClock clock;
  JournalProblem problem("d", clock);
  EXPECT_FALSE(problem.pauses());
  std::vector<std::int64_t> pauses_us;
  for (int i = 0; i < 12; ++i) {
    problem.note_read_failure({storage::FileFault::other, "the disk says no"});
    EXPECT_TRUE(problem.pauses());
    pauses_us.push_back(problem.next_try_us() - clock.steady_us());
    EXPECT_EQ(problem.current()->next_try_ms, clock.wall_ms() + pauses_us.back() / 1000);
    clock.advance_us(pauses_us.back());
    EXPECT_FALSE(problem.pauses());
  }
  EXPECT_EQ(pauses_us[0], kJournalRetryUs);
  EXPECT_EQ(pauses_us[1], 2 * kJournalRetryUs);
  EXPECT_EQ(pauses_us[2], 4 * kJournalRetryUs);
  EXPECT_EQ(pauses_us.back(), kJournalRetryAtMostUs);
  EXPECT_EQ(problem.current()->times, 12u);
  EXPECT_EQ(problem.current()->weight, Problem::Weight::transient);
}

TEST(JournalProblem, another_one_begins_anew_and_none_is_left_once_it_was_read) {
  ManualClock clock;
  JournalProblem problem("d", clock);
  problem.note_read_failure({storage::FileFault::other, "the disk says no"});
  clock.advance_us(1'000'000);
  problem.note_read_failure({storage::FileFault::other, "the disk still says no"});
  EXPECT_EQ(problem.current()->since_ms, clock.wall_ms() - 1'000);
  EXPECT_EQ(problem.current()->last_seen_ms, clock.wall_ms());
  EXPECT_EQ(problem.current()->message, "The journal cannot be read: the disk still says no.");
  problem.note(Problem::Weight::setup, "entry_format_unknown", "of a later version", "start that");
  EXPECT_EQ(problem.current()->code, "entry_format_unknown");
  EXPECT_EQ(problem.current()->since_ms, clock.wall_ms());
  EXPECT_EQ(problem.current()->times, 1u);
  EXPECT_EQ(problem.next_try_us(), clock.steady_us() + kJournalRetryUs);
  problem.clear();
  EXPECT_FALSE(problem.current());
  EXPECT_FALSE(problem.pauses());
  EXPECT_EQ(problem.next_try_us(), 0);
}

}  // namespace
}  // namespace sluice::exporting
