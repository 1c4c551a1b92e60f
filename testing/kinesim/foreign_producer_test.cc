// Other producers of a shard, and calls in CBOR where they are not understood.

#include "kinesim/foreign_producer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kinesim/client_fake.h"

namespace kinesim {
namespace {

using Json = nlohmann::json;

struct Crowded : World {
  void configure(const Json& config, unsigned status = 200) {
    EXPECT_EQ(plain("POST", "/_kinesim/config", {}, config.dump()).status, status) << config;
  }
  // Attempts `records_per_s` for 10 s in calls of 10 ms; how many were accepted in each second.
  std::vector<std::size_t> offer(std::size_t records_per_s, const char* hash_key = "0") {
    const std::size_t records = records_per_s / 100;
    std::string body = R"({"StreamName":"events","Records":[)";
    for (std::size_t i = 0; i < records; ++i)
      body +=
          std::string(i > 0 ? "," : "") + R"({"Data":"aGk=","PartitionKey":"k","ExplicitHashKey":")" + hash_key + "\"}";
    body += "]}";
    std::vector<std::size_t> accepted(10);
    for (std::size_t& second : accepted)
      for (int call = 0; call < 100; ++call) {
        clock.advance_us(10'000);
        second += records - Json::parse(kinesis("PutRecords", body).body)["FailedRecordCount"].get<std::size_t>();
      }
    return accepted;
  }
};

TEST(ForeignProducer, takes_its_rate_while_there_is_capacity) {
  Crowded world;
  world.configure({{"streams", {{{"name", "events"}, {"foreign", {{{"shard", 0}, {"records_per_s", 600}}}}}}}});
  const auto accepted = world.offer(300);
  for (const std::size_t second : accepted) EXPECT_EQ(second, 300u);
  const auto state = Json::parse(world.plain("GET", "/_kinesim/state").body);
  const Json& foreign = state["streams"][0]["shards"][0]["foreign"];
  EXPECT_NEAR(foreign["accepted"].get<double>(), 6000, 5);
  EXPECT_EQ(foreign["throttled"], 0);
}

TEST(ForeignProducer, leaves_what_it_does_not_take) {
  Crowded world;
  world.configure({{"streams", {{{"name", "events"}, {"foreign", {{{"shard", 0}, {"records_per_s", 600}}}}}}}});
  EXPECT_NEAR(static_cast<double>(world.offer(1000).back()), 400, 40);
}

TEST(ForeignProducer, leaves_next_to_nothing_of_its_shard_and_all_of_the_others) {
  Crowded world;
  world.configure(
      {{"streams",
        {{{"name", "events"}, {"foreign", {{{"shard", "shardId-000000000000"}, {"records_per_s", 2000}}}}}}}});
  EXPECT_LT(world.offer(1000).back(), 120u) << "a call meets the few tokens that came since the last attempt";
  EXPECT_EQ(world.offer(1000, "340282366920938463463374607431768211455").back(), 1000u);
}

TEST(ForeignProducer, takes_bytes_too_and_ends_when_told) {
  Crowded world;
  const auto with = [](double records, double bytes) {
    return Json{
        {"streams",
         {{{"name", "events"}, {"foreign", {{{"shard", 0}, {"records_per_s", records}, {"bytes_per_s", bytes}}}}}}}};
  };
  world.configure(with(100, 4 << 20));
  world.clock.advance_us(20'000'000);  // the burst of 10 MiB is gone after 3.4 s
  const std::string data(30'000, 'A');
  const std::string body =
      R"({"StreamName":"events","Records":[{"Data":")" + data + R"(","PartitionKey":"k","ExplicitHashKey":"0"}]})";
  EXPECT_EQ(Json::parse(world.kinesis("PutRecords", body).body)["FailedRecordCount"], 0);
  std::size_t refused = 0;
  for (int call = 0; call < 100; ++call) {
    world.clock.advance_us(10'000);
    refused += Json::parse(world.kinesis("PutRecords", body).body)["FailedRecordCount"].get<std::size_t>();
  }
  EXPECT_GT(refused, 20u);
  world.configure(with(0, 0));
  world.clock.advance_us(2'000'000);
  EXPECT_EQ(Json::parse(world.kinesis("PutRecords", body).body)["FailedRecordCount"], 0);
}

TEST(ForeignProducer, is_refused_for_shards_that_are_not_there) {
  Crowded world;
  for (const Json& shard : {Json(2), Json("shardId-000000000009"), Json("x"), Json(-1), Json()})
    world.configure({{"streams", {{{"name", "events"}, {"foreign", {{{"shard", shard}, {"records_per_s", 1}}}}}}}},
                    400);
}

TEST(Cbor, is_refused_as_implementations_without_it_do_and_json_is_not) {
  Crowded world;
  const std::string json = R"({"StreamName":"events","Records":[{"Data":"aGk=","PartitionKey":"k"}]})";
  const auto bytes = Json::to_cbor(Json::parse(json));
  const std::string cbor(bytes.begin(), bytes.end());
  const auto call = [&] { return world.kinesis("PutRecords", cbor, {}, 0, "application/x-amz-cbor-1.1"); };
  const struct {
    const char* support;
    unsigned status;
    const char* within;
  } cases[] = {
      {"unknown_operation", 404, "<UnknownOperationException/>"},
      {"unsupported_media_type", 415, ""},
      {"serialization", 400, "{\"__type\":\"SerializationException\""},
      {"server_error", 500, "<!doctype html>"},
  };
  for (const auto& each : cases) {
    world.configure({{"cbor", each.support}});
    const Answer answer = call();
    EXPECT_EQ(answer.status, each.status);
    EXPECT_NE(answer.body.find(each.within), std::string::npos) << answer.body;
    EXPECT_EQ(world.kinesis("PutRecords", json).status, 200u);
  }
  world.configure({{"cbor", "answered"}});
  EXPECT_EQ(call().status, 200u);
  world.configure({{"cbor", "sometimes"}}, 400);
}

TEST(Cbor, errors_are_answered_in_cbor) {
  Crowded world;
  const auto bytes = Json::to_cbor({{"StreamName", "none"}});
  const Answer answer = world.kinesis("DescribeStreamSummary", std::string(bytes.begin(), bytes.end()), {}, 0,
                                      "application/x-amz-cbor-1.1");
  EXPECT_EQ(answer.content_type, "application/x-amz-cbor-1.1");
  EXPECT_EQ(Json::from_cbor(answer.body)["__type"], "ResourceNotFoundException");
}

}  // namespace
}  // namespace kinesim
