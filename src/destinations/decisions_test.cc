// The pure parts of sinks: when to try again, what to suspect, what to show.

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "destinations/circuit_breaker.h"
#include "destinations/poison_bisector.h"
#include "destinations/problem_book.h"
#include "destinations/refusal_judge.h"
#include "destinations/retry_policy.h"
#include "destinations/send_queue.h"

namespace sluice::destinations {
namespace {

TEST(RetryPolicy, doubles_from_50_ms_to_a_cap) {
  EXPECT_EQ(retry_bound_us(1, kCallRetryCapUs), 50'000);
  EXPECT_EQ(retry_bound_us(2, kCallRetryCapUs), 100'000);
  EXPECT_EQ(retry_bound_us(8, kCallRetryCapUs), 6'400'000);
  EXPECT_EQ(retry_bound_us(9, kCallRetryCapUs), 10'000'000);
  EXPECT_EQ(retry_bound_us(1'000'000, kCallRetryCapUs), 10'000'000);
  EXPECT_EQ(retry_bound_us(7, kRecordRetryCapUs), 100'000);
  Random random(3);
  std::int64_t least = INT64_MAX, most = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::int64_t delay = retry_delay_us(4, kCallRetryCapUs, random);
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_LT(least, 8'000);
  EXPECT_GT(most, 392'000);
  EXPECT_LE(most, 400'000);
}

HeldRecord record_of(std::uint64_t ticket) {
  HeldRecord record;
  record.events.emplace_back().ticket = ticket;
  return record;
}

// A call's records that were throttled come due one by one: a step for each would be thousands a second.
TEST(SendQueue, has_a_thousand_records_that_come_due_within_a_tenth_of_a_second_met_in_a_hundred_steps) {
  SendQueue queue;
  EXPECT_EQ(queue.next_due_us(), INT64_MAX);
  constexpr std::int64_t kFirstUs = 5'000'123;
  for (std::uint64_t i = 0; i < 1'000; ++i) queue.retry(record_of(i), kFirstUs + static_cast<std::int64_t>(i) * 100);
  int steps = 0;
  while (queue.ready() < 1'000) {
    const std::size_t before = queue.ready();
    const std::int64_t due_us = queue.next_due_us();
    queue.advance(due_us);
    EXPECT_GT(queue.ready(), before) << "a step with nothing to do at " << due_us;
    EXPECT_LE(due_us - (kFirstUs + static_cast<std::int64_t>(before) * 100), kDueTogetherUs) << "too late";
    ++steps;
  }
  EXPECT_LE(steps, 101);
}

TEST(RetryPolicy, lets_a_record_wait_the_longer_the_less_its_stream_takes) {
  EXPECT_EQ(record_retry_cap_us(1, 0), kRecordRetryCapUs);
  EXPECT_EQ(record_retry_cap_us(0.5, 0), 2 * kRecordRetryCapUs);
  EXPECT_NEAR(static_cast<double>(record_retry_cap_us(0.003, 0)), kRefusedRetryCapUs, 1);
  EXPECT_NEAR(static_cast<double>(record_retry_cap_us(0, 0)), kRefusedRetryCapUs, 1);
}

TEST(RetryPolicy, does_not_pause_long_for_what_is_refused_by_chance) {
  EXPECT_EQ(record_retry_cap_us(1, 0.04), kRecordRetryCapUs);
  EXPECT_EQ(record_retry_cap_us(1, 0.05), kChanceRetryCapUs);
  EXPECT_EQ(record_retry_cap_us(0.5, 0.3), 2 * kChanceRetryCapUs);
  EXPECT_NEAR(static_cast<double>(record_retry_cap_us(0, 0.3)), kRefusedRetryCapUs, 1) << "it takes nothing at all";
}

TEST(CircuitBreaker, counts_calls_that_were_in_flight_together_as_one_failure) {
  Random random(1);
  CircuitBreaker breaker{CircuitBreakerOptions{}};
  EXPECT_TRUE(breaker.may_begin(0, 7));
  breaker.failed(ErrorClass::transient, 100, 1'000, random);
  breaker.failed(ErrorClass::transient, 200, 1'001, random);
  EXPECT_EQ(breaker.failures(), 1u);
  breaker.failed(ErrorClass::transient, 1'500, 2'000, random);
  EXPECT_EQ(breaker.failures(), 2u);
  EXPECT_FALSE(breaker.may_begin(breaker.next_try_us() - 1, 0));
  EXPECT_TRUE(breaker.may_begin(breaker.next_try_us(), 0));
  EXPECT_FALSE(breaker.may_begin(breaker.next_try_us(), 1));
  EXPECT_TRUE(breaker.succeeded());
  EXPECT_FALSE(breaker.succeeded());
}

TEST(CircuitBreaker, probes_every_30_to_60_s_when_a_person_must_act) {
  Random random(1);
  CircuitBreaker breaker{CircuitBreakerOptions{}};
  breaker.failed(ErrorClass::transient, 0, 1'000, random);
  breaker.failed(ErrorClass::setup, 0, 1'000, random);
  EXPECT_EQ(breaker.why(), ErrorClass::setup);
  EXPECT_LE(breaker.next_try_us(), 2'001'000) << "one refusal may pass";
  EXPECT_FALSE(breaker.refused_again());
  breaker.failed(ErrorClass::setup, 2'000'000, 2'001'000, random);
  EXPECT_TRUE(breaker.refused_again());
  EXPECT_GE(breaker.next_try_us(), 32'001'000);
  EXPECT_LE(breaker.next_try_us(), 62'001'000);
  EXPECT_TRUE(breaker.succeeded());
  breaker.failed(ErrorClass::credentials, 70'000'000, 70'001'000, random);
  EXPECT_FALSE(breaker.refused_again());
  EXPECT_LE(breaker.next_try_us(), 72'001'000);
}

std::vector<HeldRecord> suspects(std::size_t count) {
  std::vector<HeldRecord> events(count);
  for (std::size_t i = 0; i < count; ++i) {
    events[i].events.emplace_back().ticket = i;
    events[i].bytes = 100;
  }
  return events;
}

TEST(PoisonBisector, needs_nine_calls_for_500_records_whichever_it_is) {
  for (std::uint64_t poison = 0; poison < 500; ++poison) {
    PoisonBisector bisector(suspects(500), {}, 0);
    int calls = 0;
    std::vector<HeldRecord> released;
    while (!bisector.found()) {
      auto test = bisector.next_test();
      ++calls;
      bool holds = false;
      for (const HeldRecord& event : test) holds |= event.ticket() == poison;
      if (holds) {
        bisector.refused(std::move(test), {}, std::nullopt, released);
      } else {
        bisector.accepted();
      }
    }
    EXPECT_LE(calls, 9);
    EXPECT_EQ(bisector.take_found().ticket(), poison);
  }
}

TEST(PoisonBisector, sends_an_event_once_more_where_that_is_asked) {
  PoisonBisector bisector(suspects(1), {}, 7, std::nullopt, true);
  EXPECT_FALSE(bisector.found());
  auto test = bisector.next_test();
  ASSERT_EQ(test.size(), 1u);
  std::vector<HeldRecord> released;
  bisector.refused(std::move(test), {}, std::nullopt, released);
  EXPECT_TRUE(bisector.found());
  EXPECT_EQ(bisector.suspected_us(), 7);
}

// A packed record was too large, and each of its halves is not.
TEST(PoisonBisector, blames_no_part_that_was_not_refused_itself) {
  PoisonBisector bisector(suspects(2), {}, 7, std::nullopt, true);
  for (int i = 0; i < 2; ++i) {
    ASSERT_FALSE(bisector.found());
    EXPECT_EQ(bisector.next_test().size(), 1u);
    bisector.accepted();
  }
  EXPECT_TRUE(bisector.over());
}

TEST(RefusalJudge, gives_an_event_up_only_after_two_refusals_with_others_accepted_in_between) {
  using Verdict = RefusalJudge::Verdict;
  RefusalJudge judge;
  judge.accepted(50);
  EXPECT_EQ(judge.refused_alone(1, 100, 200, true), Verdict::later) << "accepted before, but not since: others show it";
  EXPECT_EQ(judge.refused_alone(2, 100, 201, true), Verdict::everything) << "another one, and nothing accepted";
  judge.accepted(250);
  EXPECT_EQ(judge.refused_alone(1, 100, 300, true), Verdict::again);
  EXPECT_EQ(judge.refused_alone(1, 100, 301, true), Verdict::later) << "nothing was accepted since the last time";
  judge.accepted(400);
  EXPECT_EQ(judge.refused_alone(1, 100, 500, true), Verdict::reject);
  judge.forget(1);
  EXPECT_EQ(judge.refused_alone(1, 600, 700, false), Verdict::everything) << "known no more";
}

TEST(RefusalJudge, needs_no_other_event_where_there_is_none_left) {
  using Verdict = RefusalJudge::Verdict;
  RefusalJudge judge;
  judge.accepted(150);
  EXPECT_EQ(judge.refused_alone(1, 100, 200, false), Verdict::again);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(judge.refused_alone(1, 100, 300 + i, false), Verdict::later);
  EXPECT_EQ(judge.refused_alone(1, 100, 400, false), Verdict::reject);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(judge.refused_alone(2, 200, 300 + i, false), Verdict::everything) << "never accepted anything";
}

TEST(ProblemBook, shows_the_heaviest_and_remembers_since_when) {
  ProblemBook book;
  book.set(Trouble::throttling, {exporting::Problem::Weight::transient, "T", "", "", ""}, 1'000);
  book.set(Trouble::calls, {exporting::Problem::Weight::setup, "S", "", "", ""}, 2'000);
  book.set(Trouble::calls, {exporting::Problem::Weight::setup, "S", "", "", ""}, 3'000, 9'000);
  ASSERT_TRUE(book.worst());
  EXPECT_EQ(book.worst()->code, "S");
  EXPECT_EQ(book.worst()->since_ms, 2'000);
  EXPECT_EQ(book.worst()->last_seen_ms, 3'000);
  EXPECT_EQ(book.worst()->times, 2u);
  EXPECT_EQ(book.worst()->next_try_ms, 9'000);
  book.clear(Trouble::calls);
  EXPECT_EQ(book.worst()->code, "T");
  book.note({exporting::Problem::Weight::note, "N", "", "", ""}, 1'000, 500);
  EXPECT_EQ(book.notes(1'400).size(), 1u);
  EXPECT_EQ(book.notes(1'500).size(), 0u);
}

}  // namespace
}  // namespace sluice::destinations
