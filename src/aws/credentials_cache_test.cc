#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>

#include "aws/credentials.h"
#include "aws/credentials_keeper.h"
#include "aws/refresh_schedule.h"

namespace sluice::aws {
namespace {

constexpr std::int64_t kMinute = 60'000;
using Answer = tl::expected<Credentials, CredentialsError>;

Credentials credentials(const std::string& id, std::int64_t expires_ms) {
  return {id, "secret-of-" + id, "token-of-" + id, expires_ms, "test"};
}
Answer failed(CredentialsError::Kind kind = CredentialsError::Kind::unreachable) {
  return tl::unexpected(CredentialsError{kind, "", "no answer", ""});
}

TEST(RefreshSchedule, comes_before_the_end_by_ten_minutes_or_a_fifth) {
  const struct {
    std::int64_t life_min;
    double unit;
    std::int64_t refresh_after_s;
  } cases[] = {{60, 0.5, 48 * 60},       // a fifth of an hour: 12 min before
               {60, 0.0, 48 * 60 - 72},  // 10 % of the 12 min earlier
               {45, 0.5, 35 * 60},       // 10 min before
               {720, 0.5, 576 * 60},     // a fifth of twelve hours
               {20, 0.5, 10 * 60},
               {15, 0.5, 450},  // half-way
               {1, 0.5, 30},
               {0, 0.5, 5}};  // never at once
  for (const auto& c : cases) {
    EXPECT_EQ(refresh_at_ms(1'000'000, 1'000'000 + c.life_min * kMinute, c.unit), 1'000'000 + c.refresh_after_s * 1000)
        << c.life_min << " " << c.unit;
  }
  EXPECT_EQ(refresh_at_ms(1, 0, 0.5), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(refresh_at_ms(1'000'000, 5, 0.5), 1'005'000) << "already over";
}

TEST(RefreshSchedule, backs_off_from_one_second_to_sixty) {
  using Kind = CredentialsError::Kind;
  EXPECT_EQ(retry_after_ms(Kind::unreachable, 1, 0.0), 500);
  EXPECT_EQ(retry_after_ms(Kind::unreachable, 1, 1.0), 1'000);
  EXPECT_EQ(retry_after_ms(Kind::unreachable, 4, 1.0), 8'000);
  EXPECT_EQ(retry_after_ms(Kind::unreachable, 7, 1.0), 60'000);
  EXPECT_EQ(retry_after_ms(Kind::unreachable, 1'000'000, 1.0), 60'000);
  for (const Kind kind : {Kind::denied, Kind::none_found, Kind::invalid}) {
    EXPECT_EQ(retry_after_ms(kind, 1, 0.0), 1'000) << "one refusal may pass";
    EXPECT_EQ(retry_after_ms(kind, 1, 1.0), 2'000);
    EXPECT_EQ(retry_after_ms(kind, 2, 1.0), 5'000) << "a role that was just created";
    EXPECT_EQ(retry_after_ms(kind, 32, 0.0), 2'500);
    EXPECT_EQ(retry_after_ms(kind, 33, 0.0), 30'000);
    EXPECT_EQ(retry_after_ms(kind, 33, 1.0), 60'000);
  }
}

class Keeper : public ::testing::Test {
 protected:
  void advance_ms(std::int64_t ms) { clock.advance_us(ms * 1000); }
  ManualClock clock;
  CredentialsKeeper keeper{clock, Random(7)};
};

TEST_F(Keeper, asks_at_once_and_then_before_the_end) {
  EXPECT_TRUE(keeper.fetch_is_due());
  EXPECT_TRUE(keeper.take(credentials("a", clock.wall_ms() + 60 * kMinute)));
  ASSERT_TRUE(keeper.current());
  EXPECT_EQ(keeper.current()->access_key_id, "a");
  advance_ms(46 * kMinute);
  EXPECT_FALSE(keeper.fetch_is_due());
  advance_ms(4 * kMinute);
  EXPECT_TRUE(keeper.fetch_is_due());
}

TEST_F(Keeper, keeps_old_credentials_while_they_are_valid_and_nothing_refreshes_them) {
  keeper.take(credentials("a", clock.wall_ms() + 60 * kMinute));
  advance_ms(50 * kMinute);
  EXPECT_TRUE(keeper.take(failed())) << "error() is new";
  EXPECT_TRUE(keeper.current());
  EXPECT_TRUE(keeper.error());
  EXPECT_FALSE(keeper.take(failed())) << "the same again is no news";
  advance_ms(10 * kMinute - 14'000);
  EXPECT_TRUE(keeper.take_expiry());
  EXPECT_FALSE(keeper.take_expiry());
  EXPECT_FALSE(keeper.current()) << "less than 15 s left";
  EXPECT_TRUE(keeper.take(credentials("b", clock.wall_ms() + 60 * kMinute)));
  EXPECT_EQ(keeper.current()->access_key_id, "b");
  EXPECT_FALSE(keeper.error());
}

TEST_F(Keeper, wakes_up_when_credentials_run_out) {
  keeper.take(credentials("a", clock.wall_ms() + 20'000));
  for (int i = 0; i < 40; ++i) keeper.take(failed(CredentialsError::Kind::denied));
  EXPECT_LE(keeper.wait_ms(), 5'001);
  advance_ms(keeper.wait_ms());
  EXPECT_TRUE(keeper.take_expiry());
}

TEST_F(Keeper, asks_within_2_s_after_one_refusal_and_calls_it_passing_until_it_is_repeated) {
  using Kind = CredentialsError::Kind;
  for (const Kind kind : {Kind::denied, Kind::none_found, Kind::invalid}) {
    keeper.take(credentials("a", 0));
    EXPECT_TRUE(keeper.take(failed(kind)));
    EXPECT_TRUE(keeper.error()->passing);
    EXPECT_LE(keeper.wait_ms(), 2'000);
    EXPECT_TRUE(keeper.take(failed(kind))) << "that it was repeated is news";
    EXPECT_FALSE(keeper.error()->passing);
  }
  keeper.take(failed(Kind::unreachable));
  EXPECT_FALSE(keeper.error()->passing) << "never a person's matter";
}

TEST_F(Keeper, asks_its_base_again_within_a_second_however_often_that_had_nothing) {
  for (int i = 0; i < 100; ++i) {
    auto answer = failed(CredentialsError::Kind::denied);
    answer.error().from_base = true;
    keeper.take(answer);
  }
  EXPECT_LE(keeper.wait_ms(), 1'000);
}

TEST_F(Keeper, never_waits_longer_than_a_minute_nor_less_than_it_must) {
  keeper.take(credentials("a", 0));
  EXPECT_EQ(keeper.wait_ms(), kMinute);
  EXPECT_FALSE(keeper.fetch_is_due()) << "they never expire";
  keeper.take(failed());
  EXPECT_GE(keeper.wait_ms(), 500);
  EXPECT_LE(keeper.wait_ms(), 1'000);
  advance_ms(keeper.wait_ms());
  EXPECT_TRUE(keeper.fetch_is_due());
}

TEST_F(Keeper, asks_again_at_the_time_even_if_the_wall_clock_is_set_back) {
  keeper.take(failed());
  clock.set_wall_ms(clock.wall_ms() - 24 * 60 * kMinute);
  advance_ms(1'000);
  EXPECT_TRUE(keeper.fetch_is_due());
}

TEST_F(Keeper, fetches_anew_what_aws_refused_and_only_that) {
  keeper.take(credentials("a", clock.wall_ms() + 60 * kMinute));
  const auto refused = keeper.current();
  keeper.refuse(nullptr);
  EXPECT_FALSE(keeper.fetch_is_due());
  keeper.refuse(refused);
  EXPECT_TRUE(keeper.fetch_is_due());
  EXPECT_TRUE(keeper.take(credentials("b", clock.wall_ms() + 60 * kMinute)));
  keeper.refuse(refused);
  EXPECT_FALSE(keeper.fetch_is_due()) << "they are not the current ones any more";
}

TEST_F(Keeper, does_not_ask_all_the_time_when_a_source_gives_the_refused_ones_again) {
  keeper.take(credentials("a", 0));
  int asked = 0;
  for (std::int64_t second = 0; second < 600; ++second) {
    keeper.refuse(keeper.current());
    if (keeper.fetch_is_due()) {
      ++asked;
      EXPECT_FALSE(keeper.take(credentials("a", 0))) << "nothing changed";
    }
    advance_ms(1'000);
  }
  EXPECT_GE(asked, 8);
  EXPECT_LE(asked, 30);
}

TEST_F(Keeper, does_not_take_what_has_expired_already) {
  EXPECT_TRUE(keeper.take(credentials("a", clock.wall_ms() - 1)));
  EXPECT_FALSE(keeper.current());
  ASSERT_TRUE(keeper.error());
  EXPECT_NE(keeper.error()->message.find("clock"), std::string::npos);
}

// Answers from a script, and lets the test see and hold each call.
class ScriptedSource final : public CredentialsSource {
 public:
  struct Script {
    std::mutex mutex;
    std::condition_variable notifier;
    std::deque<Answer> answers;
    int calls = 0;
    int most_at_once = 0;
    int at_once = 0;
  };
  explicit ScriptedSource(Script& script) : script_(script) {}
  Answer fetch() override {
    std::unique_lock lock(script_.mutex);
    ++script_.calls;
    script_.most_at_once = std::max(script_.most_at_once, ++script_.at_once);
    script_.notifier.notify_all();
    script_.notifier.wait(lock, [this] { return !script_.answers.empty(); });
    Answer answer = std::move(script_.answers.front());
    script_.answers.pop_front();
    --script_.at_once;
    return answer;
  }

 private:
  Script& script_;
};

TEST(CredentialsCache, hands_out_what_its_thread_fetched_and_fetches_refused_ones_once) {
  SystemClock clock;
  ScriptedSource::Script script;
  std::mutex mutex;
  std::condition_variable notifier;
  int changes = 0;
  CredentialsCache cache(std::make_unique<ScriptedSource>(script), clock, [&] {
    const std::lock_guard lock(mutex);
    ++changes;
    notifier.notify_all();
  });
  const auto answer = [&](Answer next) {
    const std::lock_guard lock(script.mutex);
    script.answers.push_back(std::move(next));
    script.notifier.notify_all();
  };
  const auto wait_for_changes = [&](int count) {
    std::unique_lock lock(mutex);
    notifier.wait(lock, [&] { return changes >= count; });
  };
  EXPECT_FALSE(cache.current()) << "nobody waits for the first fetch";
  answer(credentials("a", 0));
  wait_for_changes(1);
  const auto first = cache.current();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->access_key_id, "a");

  for (int i = 0; i < 10; ++i) cache.refuse(first);
  {
    std::unique_lock lock(script.mutex);
    script.notifier.wait(lock, [&] { return script.calls == 2; });
  }
  for (int i = 0; i < 10; ++i) cache.refuse(first);
  answer(credentials("b", 0));
  wait_for_changes(2);
  for (int i = 0; i < 10; ++i) cache.refuse(first);
  EXPECT_EQ(cache.current()->access_key_id, "b");
  EXPECT_FALSE(cache.error());
  const std::lock_guard lock(script.mutex);
  EXPECT_EQ(script.calls, 2);
  EXPECT_EQ(script.most_at_once, 1);
}

TEST(CredentialsCache, tells_why_there_are_none) {
  SystemClock clock;
  ScriptedSource::Script script;
  script.answers.push_back(failed(CredentialsError::Kind::denied));
  std::mutex mutex;
  std::condition_variable notifier;
  bool changed = false;
  CredentialsCache cache(std::make_unique<ScriptedSource>(script), clock, [&] {
    const std::lock_guard lock(mutex);
    changed = true;
    notifier.notify_all();
  });
  (void)cache.current();  // it fetches once somebody asks
  std::unique_lock lock(mutex);
  notifier.wait(lock, [&] { return changed; });
  EXPECT_FALSE(cache.current());
  ASSERT_TRUE(cache.error());
  EXPECT_EQ(cache.error()->message, "no answer");
}

TEST(CredentialsCache, fetches_nothing_before_somebody_asks) {
  SystemClock clock;
  ScriptedSource::Script script;
  {
    CredentialsCache cache(std::make_unique<ScriptedSource>(script), clock, [] {});
    cache.refuse(nullptr);
  }
  EXPECT_EQ(script.calls, 0);
}

}  // namespace
}  // namespace sluice::aws
