#include "export/cursor_syncs.h"

#include <gtest/gtest.h>

namespace sluice::exporting {
namespace {

TEST(CursorSyncs, a_single_destination_never_waits_and_a_thousand_take_turns) {
  CursorSyncs syncs;
  std::int64_t now_us = 1'000'000;
  for (int i = 0; i < 5; ++i, now_us += kCursorIntervalUs) EXPECT_EQ(syncs.take_turn(now_us), now_us);
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(syncs.take_turn(now_us), now_us + i * kCursorSyncEveryUs);
  now_us += 1'000 * kCursorSyncEveryUs;
  EXPECT_EQ(syncs.take_turn(now_us), now_us) << "what nobody used is not owed";
}

}  // namespace
}  // namespace sluice::exporting
