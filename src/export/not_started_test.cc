#include "export/not_started.h"

#include <gtest/gtest.h>

#include "export/health.h"

namespace sluice::exporting {
namespace {

TEST(NotStarted, is_shown_as_blocked_with_why_and_since_when) {
  catalog::Destination destination;
  destination.name = "flags";
  const auto first = not_started_status(destination, Error{"the disk says no"}, 7, nullptr, 1'000);
  EXPECT_EQ(first->destination.name, "flags");
  EXPECT_EQ(first->state, DestinationState::blocked);
  EXPECT_EQ(first->state_since_ms, 1'000);
  EXPECT_EQ(first->pipeline.balance.waiting, 7u);
  EXPECT_EQ(first->pipeline.balance.accepted, 7u);
  ASSERT_TRUE(first->pipeline.problem);
  EXPECT_EQ(first->pipeline.problem->weight, Problem::Weight::setup);
  EXPECT_EQ(first->pipeline.problem->code, kNotStarted);
  EXPECT_EQ(first->pipeline.problem->message, "the disk says no");
  EXPECT_EQ(first->pipeline.problem->times, 1u);

  destination.wants_originals = true;
  const auto second = not_started_status(destination, Error{"it still does"}, 8, first.get(), 2'000);
  EXPECT_EQ(second->state_since_ms, 1'000);
  EXPECT_EQ(second->pipeline.problem->since_ms, 1'000);
  EXPECT_EQ(second->pipeline.problem->last_seen_ms, 2'000);
  EXPECT_EQ(second->pipeline.problem->times, 2u);
  EXPECT_EQ(second->pipeline.problem->message, "it still does");
  EXPECT_NE(second->pipeline.problem->remedy, first->pipeline.problem->remedy) << "payloads are not delivered twice";
}

TEST(NotStarted, one_that_is_off_has_a_note_with_why_and_since_when) {
  catalog::Destination destination;
  destination.name = "flags";
  const Problem first = place_unknown_note(destination, Error{"the disk says no"}, nullptr, 1'000);
  EXPECT_EQ(first.weight, Problem::Weight::note);
  EXPECT_EQ(first.code, "place_unknown");
  EXPECT_EQ(first.message, "the disk says no");
  EXPECT_NE(first.remedy.find("Check the disk"), std::string::npos);
  EXPECT_EQ(first.times, 1u);
  const Problem second = place_unknown_note(destination, Error{"it still does"}, &first, 2'000);
  EXPECT_EQ(second.since_ms, 1'000);
  EXPECT_EQ(second.last_seen_ms, 2'000);
  EXPECT_EQ(second.times, 2u);
  EXPECT_EQ(second.message, "it still does");
}

}  // namespace
}  // namespace sluice::exporting
