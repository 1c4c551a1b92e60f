#include "export/health.h"

#include <gtest/gtest.h>

#include "export/balance.h"
#include "export/describe.h"

namespace sluice::exporting {
namespace {

Problem problem(Problem::Weight weight) {
  Problem problem;
  problem.weight = weight;
  problem.message = "AWS refused.";
  return problem;
}

TEST(DestinationState, follows_from_the_facts) {
  const auto none = std::optional<Problem>();
  struct Row {
    DestinationFacts facts;
    DestinationState state;
  };
  const Row rows[] = {
      {{false, problem(Problem::Weight::setup), 5, 60'000, 5}, DestinationState::off},
      {{true, problem(Problem::Weight::setup), 5, 60'000, 5}, DestinationState::blocked},
      {{true, problem(Problem::Weight::setup), 0, 0, -1}, DestinationState::blocked},
      {{true, problem(Problem::Weight::transient), 5, 10, 5}, DestinationState::waiting},
      {{true, problem(Problem::Weight::note), 0, 0, -1}, DestinationState::idle},
      {{true, none, 0, 0, -1}, DestinationState::idle},
      {{true, none, 0, 0, 59'999}, DestinationState::delivering},
      {{true, none, 0, 0, 60'000}, DestinationState::idle},
      {{true, none, 1, 9'999, 100}, DestinationState::delivering},
      {{true, none, 1, 10'000, 100}, DestinationState::behind},
      {{true, none, 1, 50, -1}, DestinationState::delivering},
  };
  for (const Row& row : rows) EXPECT_EQ(destination_state(row.facts), row.state) << &row - rows;
}

TEST(Balance, comes_out_at_every_look) {
  BalanceKeeper keeper(1);
  keeper.start(100, 3, 7, 20, 1000);
  keeper.already_finished(2);
  Balance balance = keeper.sample(1050);
  EXPECT_EQ(balance.accepted, 100u + 3 + 1 + 7 + 18 + 50);
  EXPECT_EQ(balance.waiting, 68u);
  keeper.delivered(60);
  keeper.dead_lettered(5);
  balance = keeper.sample(1050);
  EXPECT_EQ(balance.waiting, 3u);
  EXPECT_EQ(balance.accepted,
            balance.delivered + balance.dead_lettered + balance.waiting + balance.filtered + balance.missing);
  EXPECT_EQ(keeper.settle(1050), 3u);
  balance = keeper.sample(1050);
  EXPECT_EQ(balance.waiting, 0u);
  EXPECT_EQ(balance.missing, 4u);
}

TEST(Balance, what_the_journal_lost_was_waiting_and_is_missing_and_more_is_not_told_than_waits) {
  BalanceKeeper keeper(4);
  keeper.start(10, 0, 0, 20, 0);
  EXPECT_EQ(keeper.lost(5, 0), 5u);
  EXPECT_EQ(keeper.sample(0).missing, 9u);
  EXPECT_EQ(keeper.sample(0).waiting, 15u);
  keeper.delivered(5);
  EXPECT_EQ(keeper.lost(100, 0), 10u);
  Balance balance = keeper.sample(0);
  EXPECT_EQ(balance.missing, 19u);
  EXPECT_EQ(balance.waiting, 0u);
  keeper.delivered(3);
  balance = keeper.sample(0);
  EXPECT_EQ(balance.missing, 16u) << "three of them came all the same";
  EXPECT_EQ(balance.waiting, 0u);
  EXPECT_EQ(balance.accepted, balance.delivered + balance.missing);
  // When reading begins anew at the cursor, behind which some are counted again.
  keeper.start(12, 0, 0, 6, 0);
  EXPECT_EQ(keeper.sample(0).missing, 19u);
  EXPECT_EQ(keeper.sample(0).waiting, 6u);
}

TEST(Balance, what_a_sink_holds_alone_was_counted_as_waiting_or_missing_or_not_at_all) {
  BalanceKeeper keeper(30);
  keeper.start(100, 0, 0, 10, 0);
  const auto with = [&](const BalanceKeeper::Held& held) {
    const Balance balance = BalanceKeeper::with(keeper.sample(0), held);
    EXPECT_EQ(balance.accepted, balance.delivered + balance.waiting + balance.missing);
    return balance;
  };
  Balance held = with({3, 1, true, true});
  EXPECT_EQ(held.waiting, 9u) << "of those that wait anyway";
  EXPECT_EQ(held.delivered, 101u);
  EXPECT_EQ(held.missing, 30u);
  EXPECT_EQ(held.accepted, 140u);
  held = with({20, 5, true, true});
  EXPECT_EQ(held.waiting, 20u);
  EXPECT_EQ(held.delivered, 105u);
  EXPECT_EQ(held.missing, 15u);
  EXPECT_EQ(held.accepted, 140u);
  held = with({20, 5, false, true});
  EXPECT_EQ(held.waiting, 30u) << "beside what waits";
  EXPECT_EQ(held.missing, 5u);
  EXPECT_EQ(held.accepted, 140u);
  held = with({20, 5, true, false});
  EXPECT_EQ(held.missing, 30u) << "those were lost otherwise";
  EXPECT_EQ(held.accepted, 155u);
  held = with({100, 0, true, true});
  EXPECT_EQ(held.missing, 0u);
  EXPECT_EQ(held.accepted, 200u);

  keeper.found({0, 25, true, true, 0}, 0);
  EXPECT_EQ(keeper.sample(0).delivered, 125u);
  EXPECT_EQ(keeper.sample(0).waiting, 0u);
  EXPECT_EQ(keeper.sample(0).missing, 15u);
  keeper.found({0, 5, false, false, 0}, 0);
  EXPECT_EQ(keeper.sample(0).delivered, 130u);
  EXPECT_EQ(keeper.sample(0).missing, 15u);
  EXPECT_EQ(keeper.sample(0).accepted, 145u);
}

TEST(Describe, says_what_waits_and_that_nothing_is_lost) {
  DestinationStatus status;
  status.state = DestinationState::blocked;
  status.pipeline.problem = problem(Problem::Weight::setup);
  status.pipeline.problem->next_try_ms = 1'700'000'045'000;
  status.pipeline.balance.waiting = 1'234'567;
  status.oldest_waiting_age_ms = 200'000;
  EXPECT_EQ(describe(status, 1'700'000'000'000),
            "AWS refused. Next try in 45 s. Nothing is lost: 1,234,567 events queued, oldest 3 min 20 s.");
}

TEST(Describe, what_waits_for_a_destination_whose_place_is_not_known_is_at_most_what_the_journal_holds) {
  DestinationStatus status;
  status.state = DestinationState::blocked;
  status.destination.wants_originals = true;
  status.pipeline.problem = problem(Problem::Weight::setup);
  status.pipeline.problem->code = kNotStarted;
  status.pipeline.balance.waiting = 20;
  EXPECT_EQ(describe(status, 0),
            "AWS refused. Nothing is lost: at most 20 payloads queued, all that the journal holds of its environment.");
}

// Beside "0.33/s" a 0 would be false.
TEST(Describe, a_rate_that_is_not_0_is_not_called_0) {
  DestinationStatus status;
  status.state = DestinationState::delivering;
  EXPECT_EQ(describe(status, 0), "Delivering 0 events/s.");
  status.delivered_per_s = 0.33;
  EXPECT_EQ(describe(status, 0), "Delivering less than 1 event/s.");
  status.delivered_per_s = 1.2;
  EXPECT_EQ(describe(status, 0), "Delivering 1 event/s.");
  status.destination.wants_originals = true;
  EXPECT_EQ(describe(status, 0), "Delivering 1 payload/s.") << "a tee forwards whole payloads";
}

TEST(Describe, tells_whether_a_late_destination_catches_up) {
  DestinationStatus status;
  status.state = DestinationState::behind;
  status.pipeline.balance.waiting = 24'000;
  status.oldest_waiting_age_ms = 30'000;
  status.accepted_per_s = 100;
  status.delivered_per_s = 200;
  EXPECT_NE(describe(status, 0).find("Catching up, about 4 min 0 s."), std::string::npos) << describe(status, 0);
  status.delivered_per_s = 50;
  EXPECT_NE(describe(status, 0).find("Receiving 100/s, delivering 50/s."), std::string::npos) << describe(status, 0);
}

}  // namespace
}  // namespace sluice::exporting
