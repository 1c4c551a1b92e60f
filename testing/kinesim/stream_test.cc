#include "kinesim/stream.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

#include "base/base64.h"
#include "kinesim/archive.h"
#include "kinesim/client_fake.h"

namespace kinesim {
namespace {

using Json = nlohmann::json;

Json call(World& world, const std::string& operation, const Json& input) {
  const Answer answer = world.kinesis(operation, input.dump());
  return answer.body.empty() ? Json() : Json::parse(answer.body);
}

void expect_open_shards_cover_everything(const Stream& stream) {
  HashKey next = 0;
  std::vector<Shard> open;
  for (auto& shard : stream.shards())
    if (shard.open()) open.push_back(std::move(shard));
  std::sort(open.begin(), open.end(), [](const Shard& a, const Shard& b) { return a.low < b.low; });
  for (std::size_t i = 0; i < open.size(); ++i) {
    EXPECT_EQ(hash_key_text(open[i].low), hash_key_text(next));
    EXPECT_GE(open[i].high, open[i].low);
    next = open[i].high + 1;
  }
  EXPECT_EQ(hash_key_text(next), "0") << "the last ends at 2^128 - 1";
}

TEST(Shards, cover_every_hash_key_for_any_number_of_them) {
  for (const std::uint32_t shards : {1u, 2u, 3u, 7u, 10u, 100u, 1000u}) {
    World world({}, shards);
    const auto stream = world.shared.simulator.find_stream("events");
    EXPECT_EQ(stream->shards().size(), shards);
    expect_open_shards_cover_everything(*stream);
  }
}

TEST(Shards, are_split_merged_and_counted_as_by_aws) {
  World world;
  const auto stream = world.shared.simulator.find_stream("events");
  call(world, "SplitShard",
       {{"StreamName", "events"}, {"ShardToSplit", "shardId-000000000000"}, {"NewStartingHashKey", "1000"}});
  expect_open_shards_cover_everything(*stream);
  ASSERT_EQ(stream->shards().size(), 4u);
  EXPECT_EQ(stream->shards()[3].parent, 0u);
  call(world, "MergeShards",
       {{"StreamName", "events"},
        {"ShardToMerge", "shardId-000000000003"},
        {"AdjacentShardToMerge", "shardId-000000000001"}});
  expect_open_shards_cover_everything(*stream);
  EXPECT_EQ(stream->shards()[4].adjacent_parent, 1u);
  const auto refused = call(world, "MergeShards",
                            {{"StreamName", "events"},
                             {"ShardToMerge", "shardId-000000000003"},
                             {"AdjacentShardToMerge", "shardId-000000000002"}});
  EXPECT_EQ(refused["__type"], "InvalidArgumentException");
  call(world, "UpdateShardCount",
       {{"StreamName", "events"}, {"TargetShardCount", 4}, {"ScalingType", "UNIFORM_SCALING"}});
  expect_open_shards_cover_everything(*stream);
  const auto listed = call(world, "ListShards", {{"StreamName", "events"}, {"ShardFilter", {{"Type", "AT_LATEST"}}}});
  EXPECT_EQ(listed["Shards"].size(), 4u);
  EXPECT_EQ(call(world, "ListShards", {{"StreamName", "events"}})["Shards"].size(), 9u);
  // Numbers of children are larger than those of their parents.
  const auto shards = stream->shards();
  for (const auto& shard : shards)
    if (shard.parent) {
      EXPECT_GT(shard.epoch_us, shards[*shard.parent].epoch_us);
    }
}

TEST(ListShards, pages_by_a_thousand) {
  World world({}, 2500);
  auto page = call(world, "ListShards", {{"StreamName", "events"}, {"MaxResults", 10000}});
  std::size_t count = page["Shards"].size();
  EXPECT_EQ(count, 1000u);
  while (page.contains("NextToken")) {
    page = call(world, "ListShards", {{"NextToken", page["NextToken"]}});
    count += page["Shards"].size();
  }
  EXPECT_EQ(count, 2500u);
  page = call(world, "ListShards", {{"StreamName", "events"}});
  world.clock.advance_us(301'000'000);
  EXPECT_EQ(call(world, "ListShards", {{"NextToken", page["NextToken"]}})["__type"], "ExpiredNextTokenException");
}

TEST(Reading, gives_back_what_was_put_from_every_kind_of_place) {
  World world({}, 1);
  std::vector<std::string> numbers;
  for (int i = 0; i < 5; ++i) {
    numbers.push_back(call(
        world, "PutRecord",
        {{"StreamName", "events"}, {"Data", "ZGF0YQ=="}, {"PartitionKey", "k" + std::to_string(i)}})["SequenceNumber"]);
    world.clock.advance_us(1'000'000);
  }
  const auto read = [&](Json more) {
    more["StreamName"] = "events";
    more["ShardId"] = "shardId-000000000000";
    const auto iterator = call(world, "GetShardIterator", more);
    return call(world, "GetRecords", {{"ShardIterator", iterator["ShardIterator"]}});
  };
  const auto all = read({{"ShardIteratorType", "TRIM_HORIZON"}});
  ASSERT_EQ(all["Records"].size(), 5u);
  EXPECT_EQ(all["Records"][0]["Data"], "ZGF0YQ==");
  EXPECT_EQ(all["Records"][4]["SequenceNumber"], numbers[4]);
  EXPECT_EQ(read({{"ShardIteratorType", "LATEST"}})["Records"].size(), 0u);
  EXPECT_EQ(
      read({{"ShardIteratorType", "AT_SEQUENCE_NUMBER"}, {"StartingSequenceNumber", numbers[3]}})["Records"].size(),
      2u);
  EXPECT_EQ(
      read({{"ShardIteratorType", "AFTER_SEQUENCE_NUMBER"}, {"StartingSequenceNumber", numbers[3]}})["Records"].size(),
      1u);
  EXPECT_EQ(read({{"ShardIteratorType", "AT_TIMESTAMP"}, {"Timestamp", 1'700'000'001.5}})["Records"].size(), 3u);
  EXPECT_EQ(call(world, "GetRecords", {{"ShardIterator", all["NextShardIterator"]}})["Records"].size(), 0u);
  const auto iterator =
      call(world, "GetShardIterator",
           {{"StreamName", "events"}, {"ShardId", "shardId-000000000000"}, {"ShardIteratorType", "LATEST"}});
  world.clock.advance_us(301'000'000);
  EXPECT_EQ(call(world, "GetRecords", {{"ShardIterator", iterator["ShardIterator"]}})["__type"],
            "ExpiredIteratorException");
}

TEST(Reading, ends_at_a_closed_shard_and_names_its_children) {
  World world({}, 1);
  call(world, "SplitShard",
       {{"StreamName", "events"}, {"ShardToSplit", "shardId-000000000000"}, {"NewStartingHashKey", "5000"}});
  const auto iterator =
      call(world, "GetShardIterator",
           {{"StreamName", "events"}, {"ShardId", "shardId-000000000000"}, {"ShardIteratorType", "TRIM_HORIZON"}});
  const auto read = call(world, "GetRecords", {{"ShardIterator", iterator["ShardIterator"]}});
  EXPECT_FALSE(read.contains("NextShardIterator"));
  EXPECT_EQ(read["ChildShards"].size(), 2u);
}

TEST(Stream, keeps_no_more_data_than_its_limit) {
  SimulatorSettings settings;
  settings.ledger.retained_bytes = 100;
  World world(settings, 1);
  world.kinesis("PutRecords", put_records_body(50));
  const auto stream = world.shared.simulator.find_stream("events");
  stream->visit_shard(0, [](const Shard& shard) {
    EXPECT_LE(shard.retained_bytes, 100u);
    EXPECT_EQ(shard.trimmed_before, shard.stored.front().number);
    EXPECT_EQ(shard.accepted, 50u);
  });
}

TEST(SequenceNumber, is_text_of_56_digits_both_ways) {
  const SequenceNumber number{1'700'000'000'000'000, 42, 7};
  EXPECT_EQ(number.text(), "49017000000000000000000000000000000000000042000000000007");
  const auto back = SequenceNumber::parse(number.text());
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->number, 42u);
  EXPECT_EQ(back->shard, 7u);
  EXPECT_FALSE(SequenceNumber::parse("49").has_value());
}

TEST(Archive, brings_streams_and_records_back) {
  const auto folder = std::filesystem::temp_directory_path() / ("kinesim-archive-test-" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  std::string last;
  {
    World world;
    auto archive = Archive::open(folder.string());
    ASSERT_TRUE(archive.has_value());
    world.shared.simulator.set_archive(std::move(*archive));
    world.kinesis("PutRecords", put_records_body(20));
    call(world, "SplitShard",
         {{"StreamName", "events"}, {"ShardToSplit", "shardId-000000000000"}, {"NewStartingHashKey", "5000"}});
    last = call(world, "PutRecord",
                {{"StreamName", "events"},
                 {"Data", "bGFzdA=="},
                 {"PartitionKey", "k"},
                 {"ExplicitHashKey", "5000"}})["SequenceNumber"];
  }
  const sluice::ManualClock clock;
  Simulator again({}, clock);
  auto archive = Archive::open(folder.string());
  ASSERT_TRUE((*archive)->load(again).has_value());
  const auto stream = again.find_stream("events");
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->shards().size(), 4u);
  expect_open_shards_cover_everything(*stream);
  stream->visit_ledger([](Ledger& ledger) { EXPECT_EQ(ledger.counts.records, 21u); });
  stream->visit_shard(3, [&](const Shard& shard) {
    ASSERT_EQ(shard.stored.size(), 1u);
    EXPECT_EQ(shard.stored.front().data, "last");
    EXPECT_EQ((SequenceNumber{shard.epoch_us, shard.stored.front().number, 3}.text()), last);
    EXPECT_EQ(shard.next, 2u);
  });
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace kinesim
