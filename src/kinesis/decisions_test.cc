// The sink's pure parts: when to try again, where to aim, what to suspect, what is known of the stream.

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "kinesis/circuit_breaker.h"
#include "kinesis/poison_bisector.h"
#include "kinesis/policies.h"
#include "kinesis/problem_book.h"
#include "kinesis/problems.h"
#include "kinesis/retry_policy.h"
#include "kinesis/settings_check.h"
#include "kinesis/shard_limiter.h"
#include "kinesis/shard_map.h"

namespace sluice::kinesis {
namespace {

TEST(RetryPolicy, doubles_from_50_ms_to_a_cap) {
  EXPECT_EQ(retry_bound_us(1, kCallRetryCapUs), 50'000);
  EXPECT_EQ(retry_bound_us(2, kCallRetryCapUs), 100'000);
  EXPECT_EQ(retry_bound_us(8, kCallRetryCapUs), 6'400'000);
  EXPECT_EQ(retry_bound_us(9, kCallRetryCapUs), 10'000'000);
  EXPECT_EQ(retry_bound_us(1'000'000, kCallRetryCapUs), 10'000'000);
  EXPECT_EQ(retry_bound_us(7, kRecordRetryCapUs), 2'000'000);
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

TEST(RetryPolicy, lets_a_record_wait_the_longer_the_less_its_stream_takes) {
  EXPECT_EQ(record_retry_cap_us(1), kRecordRetryCapUs);
  EXPECT_EQ(record_retry_cap_us(0.5), 2 * kRecordRetryCapUs);
  EXPECT_NEAR(static_cast<double>(record_retry_cap_us(0.01)), kRefusedRetryCapUs, 1);
  EXPECT_NEAR(static_cast<double>(record_retry_cap_us(0)), kRefusedRetryCapUs, 1);
}

TEST(HashKey, is_written_and_read_over_its_whole_range) {
  const HashKey most = ~HashKey{0};
  for (const HashKey key :
       {HashKey{0}, HashKey{9}, HashKey{10}, HashKey{UINT64_MAX}, HashKey{UINT64_MAX} + 1, most / 3, most})
    EXPECT_TRUE(parse_hash_key(hash_key_text(key)) == key) << hash_key_text(key);
  EXPECT_EQ(hash_key_text(most), "340282366920938463463374607431768211455");
  for (const char* text :
       {"", "01", "-1", "1x", "340282366920938463463374607431768211456", "9999999999999999999999999999999999999999"})
    EXPECT_FALSE(parse_hash_key(text)) << text;
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
  EXPECT_GE(breaker.next_try_us(), 30'001'000);
  EXPECT_LE(breaker.next_try_us(), 60'001'000);
}

ShardMap shards(std::uint32_t count) {
  std::vector<Shard> shards;
  const HashKey width = ~HashKey{0} / count;
  for (std::uint32_t i = 0; i < count; ++i)
    shards.push_back(
        {"shardId-" + std::to_string(i), width * i + (i > 0), i + 1 == count ? ~HashKey{0} : width * (i + 1)});
  return ShardMap(std::move(shards));
}

TEST(ShardLimiter, limits_nothing_until_it_knows_a_limit) {
  ShardLimiter limiter;
  std::uint32_t shard = 0;
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(limiter.admit(1'000, 1'000'000, shard));
  EXPECT_EQ(shard, kNoShard);
}

TEST(ShardLimiter, aims_into_the_shards_range_and_in_turn) {
  ShardLimiter limiter;
  const ShardMap map = shards(1'000);
  limiter.set_map(map, 0);
  limiter.throttled(kNoShard, 1'000'000);
  Random random(5);
  std::map<std::uint32_t, int> used;
  for (int i = 0; i < 50'000; ++i) {
    std::uint32_t shard = kNoShard;
    ASSERT_TRUE(limiter.admit(500, 1'000'000, shard));
    ASSERT_LT(shard, 1'000u);
    const HashKey key = limiter.key_in(shard, random);
    ASSERT_TRUE(key >= map[shard].first && key <= map[shard].last);
    ++used[shard];
  }
  for (const auto& [shard, times] : used) EXPECT_EQ(times, 50) << shard;
}

TEST(ShardLimiter, keeps_a_shard_to_its_records_and_bytes) {
  for (const std::uint64_t size : {200u, 8'000u}) {
    ShardLimiter limiter;
    limiter.set_map(shards(1), 0);
    std::int64_t now_us = 1'000'000;
    limiter.throttled(kNoShard, now_us);
    double records = 0;
    for (; now_us < 21'000'000; now_us += 5'000) {
      std::uint32_t shard = kNoShard;
      while (limiter.admit(size, now_us, shard)) ++records;
    }
    const double most = size == 200 ? 950 : 0.95 * 1'048'576 / static_cast<double>(size);
    EXPECT_NEAR(records / 20, most, most * 0.03) << size;
  }
}

TEST(ShardLimiter, slows_a_throttled_shard_to_a_half_at_the_least_and_lets_it_recover) {
  ShardLimiter limiter;
  limiter.set_map(shards(1), 0);
  std::int64_t now_us = 1'000'000;
  const auto rate_over = [&](std::int64_t us) {
    double records = 0;
    for (const std::int64_t end_us = now_us + us; now_us < end_us; now_us += 5'000) {
      std::uint32_t shard = kNoShard;
      while (limiter.admit(200, now_us, shard)) ++records;
    }
    return records / (static_cast<double>(us) / 1e6);
  };
  limiter.throttled(0, now_us);
  rate_over(1'000'000);
  for (int i = 0; i < 5; ++i, now_us += 600'000) limiter.throttled(0, now_us);
  rate_over(1'000'000);  // what was saved up meanwhile
  EXPECT_NEAR(rate_over(1'000'000), 0.5 * 950, 50);
  rate_over(50'000'000);
  EXPECT_GT(rate_over(2'000'000), 900);
}

TEST(ShardLimiter, limits_the_whole_when_shards_are_unknown) {
  ShardLimiter limiter;
  std::int64_t now_us = 1'000'000;
  std::uint32_t shard = kNoShard;
  for (; now_us < 3'000'000; now_us += 1'000) limiter.admit(200, now_us, shard);  // 1,000/s
  limiter.throttled(kNoShard, now_us);
  double records = 0;
  for (; now_us < 4'000'000; now_us += 1'000)
    while (limiter.admit(200, now_us, shard)) ++records;
  EXPECT_NEAR(records, 800, 60);
}

TEST(ShardMap, reads_what_aws_tells) {
  const auto page = parse_list_shards(
      R"({"NextToken":"t","Shards":[{"ShardId":"b","HashKeyRange":{"StartingHashKey":"10","EndingHashKey":"20"}},)"
      R"({"ShardId":"a","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"9"}}]})");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->next_token, "t");
  const ShardMap map(page->shards);
  EXPECT_EQ(map[0].id, "a");
  EXPECT_EQ(map.index_of("b"), 1u);
  EXPECT_EQ(map.index_of("c"), kNoShard);
  for (const char* bad : {"", "[]", "{}", R"({"Shards":[1]})", R"({"Shards":[{"ShardId":"a"}]})",
                          R"({"Shards":[{"ShardId":"a","HashKeyRange":{"StartingHashKey":"9","EndingHashKey":"0"}}]})"})
    EXPECT_FALSE(parse_list_shards(bad)) << bad;
  EXPECT_FALSE(parse_stream_summary(R"({"StreamDescriptionSummary":1})"));
}

std::vector<HeldEvent> suspects(std::size_t count) {
  std::vector<HeldEvent> events(count);
  for (std::size_t i = 0; i < count; ++i) {
    events[i].event.ticket = i;
    events[i].bytes = 100;
  }
  return events;
}

TEST(PoisonBisector, needs_nine_calls_for_500_records_whichever_it_is) {
  for (std::uint64_t poison = 0; poison < 500; ++poison) {
    PoisonBisector bisector(suspects(500), {});
    int calls = 0;
    std::vector<HeldEvent> released;
    while (!bisector.found()) {
      auto test = bisector.next_test();
      ++calls;
      bool holds = false;
      for (const HeldEvent& event : test) holds |= event.event.ticket == poison;
      if (holds) {
        bisector.refused(std::move(test), {}, released);
      } else {
        bisector.accepted();
      }
    }
    EXPECT_LE(calls, 9);
    EXPECT_EQ(bisector.take_found().event.ticket, poison);
  }
}

TEST(PoisonBisector, reads_the_record_that_aws_names) {
  EXPECT_EQ(record_named_in("Value at 'records.17.member.data' failed"), 16u);
  for (const char* text : {"", "records.", "records.x.member", "records.0.member.data", "records.17",
                           "records.99999999999999999999.member"})
    EXPECT_FALSE(record_named_in(text)) << text;
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

TEST(Policies, are_json_with_the_users_values) {
  const auto permission = nlohmann::json::parse(permission_policy("arn:aws:kinesis:eu-west-1:1:stream/s"));
  EXPECT_EQ(permission["Statement"].size(), 2u);
  EXPECT_EQ(permission["Statement"][0]["Resource"][0], "arn:aws:kinesis:eu-west-1:1:stream/s");
  const auto trust = nlohmann::json::parse(trust_policy("arn:aws:iam::1:role/r", "id\"x"));
  EXPECT_EQ(trust["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"], "id\"x");
  EXPECT_FALSE(nlohmann::json::parse(trust_policy("arn:aws:iam::1:role/r", ""))["Statement"][0].contains("Condition"));
  EXPECT_TRUE(nlohmann::json::parse(assume_role_policy("arn:aws:iam::1:role/r")).is_object());
  EXPECT_TRUE(nlohmann::json::parse(key_statement("arn:aws:kms:eu-west-1:1:key/k")).is_object());
}

TEST(Problems, advise_shards_for_the_measured_rate) {
  EXPECT_EQ(advised_shards(0, 0), 1u);
  EXPECT_EQ(advised_shards(800, 1'000), 1u);
  EXPECT_EQ(advised_shards(801, 1'000), 2u);
  EXPECT_EQ(advised_shards(10'000, 4'000'000), 13u);
  EXPECT_EQ(advised_shards(100, 10 * 1'048'576.0), 13u);
}

TEST(SettingsCheck, names_every_fault_at_its_field) {
  catalog::KinesisSettings good;
  good.region = "eu-west-1";
  good.stream_name = "flag-events";
  EXPECT_TRUE(check_kinesis_settings(good).empty());
  catalog::KinesisSettings bad;
  bad.stream_name = "flag events";
  bad.region = "eu-west-1/";
  bad.role_arn = "role";
  bad.endpoint = "kinesis";
  bad.max_records_per_call = 501;
  std::map<std::string, int> fields;
  for (const catalog::FieldFault& fault : check_kinesis_settings(bad)) ++fields[fault.field];
  for (const char* field : {"stream_name", "region", "role_arn", "endpoint", "max_records_per_call"})
    EXPECT_EQ(fields[field], 1) << field;
  catalog::KinesisSettings contradicting = good;
  contradicting.stream_arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/other";
  EXPECT_EQ(check_kinesis_settings(contradicting).size(), 2u);
}

}  // namespace
}  // namespace sluice::kinesis
