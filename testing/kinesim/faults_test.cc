#include "kinesim/faults.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "kinesim/client_fake.h"

namespace kinesim {
namespace {

using Json = nlohmann::json;

struct Faulty : World {
  void fault(const Json& json) {
    const std::string body = json.dump();
    ASSERT_EQ(plain("POST", "/_kinesim/faults", {}, body).status, 200u);
  }
  Answer put(std::size_t records = 100) { return kinesis("PutRecords", put_records_body(records)); }
  std::uint64_t accepted() {
    std::uint64_t records = 0;
    shared.simulator.find_stream("events")->visit_ledger([&](Ledger& ledger) { records = ledger.counts.records; });
    return records;
  }
};

TEST(Faults, strike_only_bodies_that_are_long_enough_and_hold_the_text) {
  FaultPlan plan;
  FaultRule rule;
  rule.least_bytes = 5;
  rule.containing = "&Policy=";
  plan.add(rule);
  EXPECT_FALSE(plan.for_call("AssumeRole", "", 1, "").error);
  EXPECT_FALSE(plan.for_call("AssumeRole", "", 1, "Action=AssumeRole").error);
  EXPECT_TRUE(plan.for_call("AssumeRole", "", 1, "Action=AssumeRole&Policy=x").error);
}

TEST(Faults, fail_single_records_the_same_for_the_same_seed) {
  std::string first;
  for (int run = 0; run < 2; ++run) {
    Faulty world;
    world.fault({{"kind", "record_error"}, {"probability", 0.3}, {"seed", 7}});
    const auto answer = Json::parse(world.put().body);
    const std::size_t failed = answer["FailedRecordCount"];
    EXPECT_GT(failed, 10u);
    EXPECT_LT(failed, 60u);
    EXPECT_EQ(world.accepted(), 100 - failed);
    std::string pattern;
    for (const auto& record : answer["Records"]) pattern += record.contains("ErrorCode") ? 'x' : '.';
    if (run == 0) first = pattern;
    EXPECT_EQ(pattern, first);
  }
}

TEST(Faults, fail_calls_as_often_as_asked) {
  Faulty world;
  world.fault({{"kind", "call_error"}, {"count", 2}, {"code", "ServiceUnavailable"}});
  EXPECT_EQ(world.put().status, 503u);
  EXPECT_EQ(world.put().status, 503u);
  EXPECT_EQ(world.put().status, 200u);
  world.fault({{"kind", "call_error"},
               {"count", 1},
               {"code", "KMSAccessDeniedException"},
               {"message", "The ciphertext refers to a key"}});
  const Answer answer = world.put();
  EXPECT_EQ(answer.status, 400u);
  EXPECT_NE(answer.body.find("KMSAccessDeniedException"), std::string::npos);
  EXPECT_EQ(world.accepted(), 100u);
}

TEST(Faults, break_off_before_and_after_the_commit) {
  Faulty world;
  world.fault({{"kind", "reset_before"}, {"count", 1}});
  Answer answer = world.put();
  EXPECT_TRUE(answer.abort && answer.body.empty());
  EXPECT_EQ(world.accepted(), 0u);
  world.fault({{"kind", "reset_after"}, {"count", 1}});
  answer = world.put();
  EXPECT_TRUE(answer.abort && answer.body.empty());
  EXPECT_EQ(world.accepted(), 100u);
  world.fault({{"kind", "truncate"}, {"count", 1}});
  answer = world.put();
  EXPECT_TRUE(answer.abort && !answer.body.empty());
}

TEST(Faults, spoil_answers) {
  Faulty world;
  world.fault({{"kind", "missing_records"}, {"count", 1}});
  EXPECT_EQ(Json::parse(world.put().body)["Records"].size(), 50u);
  world.fault({{"kind", "garbage"}, {"count", 1}});
  EXPECT_TRUE(Json::parse(world.put().body, nullptr, false).is_discarded());
  world.fault({{"kind", "latency"}, {"count", 1}, {"latency_ms", 250}});
  EXPECT_EQ(world.put().delay_ms, 250);
  EXPECT_EQ(world.put().delay_ms, 0);
}

TEST(Faults, last_as_long_as_they_are_told) {
  Faulty world;
  world.fault({{"kind", "gone"}, {"stream", "events"}, {"after_ms", 1000}, {"for_ms", 5000}});
  EXPECT_FALSE(world.put(1).abort);
  world.clock.advance_us(1'000'000);
  EXPECT_TRUE(world.put(1).abort);
  world.clock.advance_us(5'000'000);
  EXPECT_FALSE(world.put(1).abort);
}

TEST(Faults, concern_what_they_name_only) {
  Faulty world;
  world.fault({{"kind", "expired_token"}, {"operation", "ListShards"}});
  world.fault({{"kind", "record_error"}, {"shard", "shardId-000000000001"}, {"code", "InternalFailure"}});
  const auto answer = Json::parse(world.put().body);
  for (const auto& record : answer["Records"])
    EXPECT_TRUE(record.contains("ErrorCode") || record["ShardId"] == "shardId-000000000000");
  EXPECT_GT(answer["FailedRecordCount"], 0);
  EXPECT_NE(world.kinesis("ListShards", R"({"StreamName":"events"})").body.find("ExpiredTokenException"),
            std::string::npos);
  EXPECT_EQ(world.plain("DELETE", "/_kinesim/faults").status, 200u);
  EXPECT_EQ(Json::parse(world.put(1).body)["FailedRecordCount"], 0);
}

TEST(Faults, are_refused_when_nobody_would_understand_them) {
  Faulty world;
  for (const char* bad :
       {R"({"kind":"nonsense"})", R"({"kind":"latency","latency":5})", R"({"kind":"latency","count":"5"})", "[1]", "{"})
    EXPECT_EQ(world.plain("POST", "/_kinesim/faults", {}, bad).status, 400u) << bad;
}

TEST(Clock, is_set_apart_and_told_in_the_refusal) {
  Faulty world;
  EXPECT_EQ(world.plain("POST", "/_kinesim/clock", {}, R"({"skew_ms":600000})").status, 200u);
  EXPECT_EQ(world.put(1).status, 200u) << "signed by the simulator's time";
  const Answer refused = world.kinesis("PutRecords", put_records_body(1), {}, -600'000);
  EXPECT_NE(refused.body.find("Signature expired"), std::string::npos);
}

std::string encoded(const std::string& text) {
  std::string out;
  sluice::base64_append(out, text);
  return out;
}

std::string event(const std::string& id) {
  return R"({"event":{"kind":"custom","id":")" + id +
         R"(","context":{"id":"ffffffffffffffffffffffff"}}})"
         "\n";
}

TEST(Ledger, counts_ids_and_finds_what_is_missing) {
  Faulty world;
  const std::string a = "00000000000000000000000a", b = "00000000000000000000000b", d = "00000000000000000000000d";
  for (const auto& data : {event(a) + event(b), event(d), event(a)})
    world.kinesis("PutRecords",
                  R"({"StreamName":"events","Records":[{"Data":")" + encoded(data) + R"(","PartitionKey":"k"}]})");
  const auto counts = Json::parse(world.plain("GET", "/_kinesim/ledger").body)["streams"]["events"];
  EXPECT_EQ(counts["records"], 3);
  EXPECT_EQ(counts["ids"]["id"]["unique"], 3);
  EXPECT_EQ(counts["ids"]["id"]["duplicates"], 1);
  const std::string ids = world.plain("GET", "/_kinesim/ledger", {}, {}, "format=ids").body;
  EXPECT_NE(ids.find(a + " 2\n"), std::string::npos);
  EXPECT_EQ(occurrences(ids, "\n"), 3u);
  const auto missing = Json::parse(world.plain("POST", "/_kinesim/ledger/missing", {}, a + " 4\n" + d + "\n").body);
  EXPECT_EQ(missing["asked"], 5);
  EXPECT_EQ(missing["missing"], 1);
  EXPECT_EQ(missing["first_missing"][0], "00000000000000000000000c");
  EXPECT_EQ(occurrences(world.plain("GET", "/_kinesim/ledger", {}, {}, "format=records&stream=events").body, "\n"), 3u);
  world.plain("DELETE", "/_kinesim/ledger");
  EXPECT_EQ(Json::parse(world.plain("GET", "/_kinesim/ledger").body)["streams"]["events"]["records"], 0);
}

TEST(EventIds, are_found_inside_aggregated_records) {
  const auto field = [](unsigned number, const std::string& bytes) {
    return std::string(1, static_cast<char>((number << 3) | 2)) + static_cast<char>(bytes.size()) + bytes;
  };
  std::string message = field(1, "key");
  for (const char* id : {"aaaaaaaaaaaaaaaaaaaaaaa1", "aaaaaaaaaaaaaaaaaaaaaaa2"})
    message += field(3, std::string("\x08\x00", 2) + field(3, R"({"id":")" + std::string(id) + "\"}"));
  const std::string record = "\xF3\x89\x9A\xC2" + message + std::string(16, 'm');
  std::vector<sluice::ObjectId> found;
  for_each_user_record(record, [&](std::string_view data) { find_event_ids(data, "\"id\":\"", found); });
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[1].hex(), "aaaaaaaaaaaaaaaaaaaaaaa2");
}

TEST(IdSet, agrees_with_a_plain_map) {
  const std::uint64_t seed = sluice::Random::from_system().next();
  SCOPED_TRACE(seed);
  sluice::Random random(seed);
  IdSet set;
  std::map<std::string, std::uint64_t> model;
  for (int i = 0; i < 50'000; ++i) {
    sluice::ObjectId id;
    const std::uint64_t value = random.below(20'000);
    for (std::size_t byte = 0; byte < 8; ++byte) id.bytes[11 - byte] = static_cast<std::uint8_t>(value >> (8 * byte));
    EXPECT_EQ(set.insert(id), ++model[id.hex()] == 1);
  }
  EXPECT_EQ(set.unique(), model.size());
  EXPECT_EQ(set.duplicates(), 50'000 - model.size());
  std::size_t visited = 0;
  for (std::size_t part = 0; part < IdSet::kParts; ++part)
    set.visit_part(part, [&](const sluice::ObjectId& id, std::uint64_t count) {
      ++visited;
      EXPECT_EQ(count, model[id.hex()]);
    });
  EXPECT_EQ(visited, model.size());
}

}  // namespace
}  // namespace kinesim
