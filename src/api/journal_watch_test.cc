// Whether the journal takes payloads, as who asks for readiness is told.
#include "api/journal_watch.h"

#include <gtest/gtest.h>

#include "base/worker_fake.h"
#include "intake/journal_fake.h"

namespace sluice::api {
namespace {

class NumberedJournal final : public intake::FakeJournal {
 public:
  journal::JournalStats stats() const override { return numbers; }
  journal::JournalStats numbers;
};

TEST(JournalWatch, tells_a_journal_that_refuses_every_payload_until_one_is_stored_or_there_is_room) {
  ManualClock clock;
  ManualWorkers workers(clock);
  NumberedJournal journal;
  catalog::Catalog catalog;
  JournalWatch watch(journal, catalog, clock, workers);
  const auto refuses = [&](std::uint64_t refused, std::uint64_t stored, std::uint64_t room) {
    journal.numbers.refused_for_room = refused;
    journal.numbers.appended_entries = stored;
    journal.numbers.free_bytes = room;
    workers.run_for_us(kJournalWatchIntervalMs * 1000);
    return watch.status()->refuses_all;
  };
  EXPECT_FALSE(refuses(0, 10, 20'000));
  EXPECT_FALSE(refuses(1, 11, 20'000)) << "a large one was refused and a small one stored";
  EXPECT_TRUE(refuses(5, 11, 20'000)) << "room is left, and no payload fits";
  EXPECT_TRUE(refuses(5, 11, 20'000)) << "who heard of it sends nothing";
  EXPECT_FALSE(refuses(5, 11, 80'000)) << "there is room again";
  EXPECT_TRUE(refuses(6, 11, 80'000));
  EXPECT_FALSE(refuses(6, 12, 79'000)) << "one was stored";
}

TEST(JournalWatch, shows_what_comes_now_and_not_what_came_since_the_start) {
  ManualClock clock;
  ManualWorkers workers(clock);
  NumberedJournal journal;
  catalog::Catalog catalog;
  JournalWatch watch(journal, catalog, clock, workers);
  const auto second = [&](std::uint64_t bytes) {
    journal.numbers.appended_bytes += bytes;
    workers.run_for_us(kJournalWatchIntervalMs * 1000);
    return watch.status()->bytes_per_s;
  };
  for (int i = 0; i < 100; ++i) second(0);
  for (int i = 0; i < 9; ++i) second(5'000);
  EXPECT_NEAR(second(5'000), 5'000, 1);
  for (int i = 0; i < 9; ++i) second(0);
  EXPECT_EQ(second(0), 0);
}

}  // namespace
}  // namespace sluice::api
