#include "relay/evaluation_health.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace sluice::relay {
namespace {

using enum EvaluationState;

catalog::Environment asked_at(const std::string& address) {
  catalog::Environment environment;
  environment.id = *ObjectId::parse("0123456789abcdef01234567");
  environment.project_key = "web";
  environment.key = "production";
  environment.flag_source.client_base_uri = address;
  return environment;
}

struct EvaluationHealthTest : testing::Test {
  void note(const EvaluationFailure& failure) {
    health.note(EvaluationHealth::source_of(environment, CredentialKind::client_side_id), failure);
  }
  void note_of_app(const EvaluationFailure& failure) {
    health.note(EvaluationHealth::source_of(environment, CredentialKind::mobile_key), failure);
  }
  EvaluationStatus status() const { return health.status(environment); }

  ManualClock clock{1'700'000'000'000};
  EvaluationHealth health{clock, 10'000};
  catalog::Environment environment = asked_at("https://clientsdk.example");
  const EvaluationFailure answered{}, refused{"It answers 401.", "Set another key."},
      lost{"It was reset.", "Look there."};
  const std::int64_t begin = clock.wall_ms();
};

TEST_F(EvaluationHealthTest, a_source_that_nobody_asked_is_said_to_be_neither_good_nor_bad) {
  EXPECT_EQ(status().state, not_asked);
  EXPECT_EQ(status().since_ms, 0);
  EXPECT_FALSE(status().failure);
}

TEST_F(EvaluationHealthTest, a_source_whose_only_calls_fail_fails_since_the_first_with_the_last_reason) {
  note(refused);
  EXPECT_EQ(status().state, failing);
  clock.advance_us(3'000'000);
  note(lost);
  EXPECT_EQ(status().state, failing);
  EXPECT_EQ(status().since_ms, begin);
  EXPECT_EQ(status().failure.reason, lost.reason);
  EXPECT_EQ(status().failure.remedy, lost.remedy);
  EXPECT_EQ(status().answered_ms, 0);
  EXPECT_EQ(status().failed, 2u);
}

TEST_F(EvaluationHealthTest, calls_that_fail_beside_answers_do_not_make_a_source_look_broken) {
  for (int second = 0; second < 60; second += 5) {
    note(answered);
    clock.advance_us((kFailingAfterMs / 2) * 1'000);
    note(lost);
    EXPECT_EQ(status().state, answering);
    EXPECT_EQ(status().since_ms > begin, second > 0) << "since it answered after a failure";
    EXPECT_FALSE(status().failure);
  }
  EXPECT_EQ(status().answered, 12u);
  EXPECT_EQ(status().failed, 12u);
}

TEST_F(EvaluationHealthTest, a_source_that_stops_answering_fails_once_nobody_was_answered_for_a_while) {
  note(answered);
  clock.advance_us(1'000'000);
  note(lost);
  clock.advance_us((kFailingAfterMs - 1'001) * 1'000);
  EXPECT_EQ(status().state, answering);
  clock.advance_us(1'000);
  EXPECT_EQ(status().state, failing);
  EXPECT_EQ(status().since_ms, begin + 1'000);
  EXPECT_EQ(status().answered_ms, begin);
  clock.advance_us(5'000'000);
  note(answered);
  EXPECT_EQ(status().state, answering) << "the first answer counts immediately";
  EXPECT_EQ(status().since_ms, clock.wall_ms());
  clock.advance_us(3'600'000'000);
  EXPECT_EQ(status().state, answering) << "it is not asked, and answered last";
}

TEST_F(EvaluationHealthTest, an_address_that_was_corrected_does_not_have_the_failure_of_the_one_before) {
  note(answered);
  clock.advance_us(20'000'000);
  note(refused);
  const catalog::Environment before = environment;
  environment = asked_at("https://another.example");
  EXPECT_EQ(status().state, not_asked);
  EXPECT_FALSE(status().failure);
  EXPECT_EQ(status().answered_ms, 0);
  note(answered);
  EXPECT_EQ(status().state, answering);
  EXPECT_EQ(status().since_ms, clock.wall_ms());
  EXPECT_EQ(status().answered, 2u) << "calls are counted since the start";
  EXPECT_EQ(status().failed, 1u);
}

// Found by an outsider: a source that had failed, and then answered 400 to all, was said to fail for the reason before.
TEST_F(EvaluationHealthTest, what_a_failing_source_answers_now_takes_the_place_of_an_old_reason) {
  const auto refuse_context = [&] {
    health.note_refused_context(EvaluationHealth::source_of(environment, CredentialKind::client_side_id));
  };
  refuse_context();
  EXPECT_EQ(status().failure.reason, "It answers 400 to every request so far.");
  note(answered);
  refuse_context();
  EXPECT_EQ(status().state, answering) << "its client's fault";
  clock.advance_us(20'000'000);
  refuse_context();
  EXPECT_EQ(status().state, answering);
  note(lost);
  refuse_context();
  EXPECT_EQ(status().failure.reason, lost.reason) << "a bad context does not hide it";
  clock.advance_us((kFailingAfterMs - 1) * 1'000);
  refuse_context();
  EXPECT_EQ(status().failure.reason, lost.reason);
  clock.advance_us(1'000);
  refuse_context();
  EXPECT_EQ(status().failure.reason, "It answers 400.");
  note(answered);
  EXPECT_EQ(status().state, answering);
}

TEST_F(EvaluationHealthTest, a_key_that_is_refused_shows_while_the_other_kind_of_key_is_answered) {
  for (int second = 0; second < 20; ++second) {
    note(answered);
    note_of_app(refused);
    clock.advance_us(1'000'000);
  }
  EXPECT_EQ(status().state, failing);
  EXPECT_EQ(status().failure.reason, refused.reason);
  EXPECT_EQ(status().since_ms, begin);
  EXPECT_EQ(status().answered, 20u);
  EXPECT_EQ(status().failed, 20u);
  EXPECT_EQ(status().answered_ms, clock.wall_ms() - 1'000);
  note_of_app(answered);
  EXPECT_EQ(status().state, answering);
}

TEST_F(EvaluationHealthTest, environments_have_a_state_each) {
  note(refused);
  catalog::Environment other = environment;
  other.id = *ObjectId::parse("0123456789abcdef01234568");
  EXPECT_EQ(health.status(other).state, not_asked);
}

}  // namespace
}  // namespace sluice::relay
