// What a record costs on its way to Kinesis, in ns per event: the body, its hash, the answer.

#include <benchmark/benchmark.h>

#include "aws/sha256.h"
#include "destinations/kinesis/pacer.h"
#include "destinations/kinesis/put_records_answer.h"
#include "destinations/kinesis/put_records_request.h"
#include "destinations/kinesis/sink_rig_fake.h"

namespace sluice::kinesis {
namespace {

constexpr std::size_t kRecords = 500;

std::string body_of(std::size_t json_bytes) {
  PutRecordsBody body("", "flag-events");
  Random random(1);
  body.begin({}, 0, 0);
  for (const exporting::OutboundEvent& event : make_events(kRecords, json_bytes))
    add_event(body, event, random, std::nullopt);
  return body.finish();
}

void per_event(benchmark::State& state, std::size_t bytes) {
  const auto events = state.iterations() * static_cast<std::int64_t>(kRecords);
  state.SetItemsProcessed(events);
  state.SetBytesProcessed(events * static_cast<std::int64_t>(bytes));
  state.counters["ns_per_event"] =
      benchmark::Counter(static_cast<double>(events) * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void build_body(benchmark::State& state) {
  const auto events = make_events(kRecords, static_cast<std::size_t>(state.range(0)));
  PutRecordsBody body("", "flag-events");
  Random random(1);
  std::string buffer;
  const bool aimed = state.range(1) != 0;
  for (auto _ : state) {
    body.begin(std::move(buffer), 0, 0);
    for (const exporting::OutboundEvent& event : events)
      add_event(body, event, random, aimed ? std::optional(static_cast<HashKey>(random.next()) << 60) : std::nullopt);
    buffer = body.finish();
    benchmark::DoNotOptimize(buffer.data());
  }
  per_event(state, static_cast<std::size_t>(state.range(0)));
}
BENCHMARK(build_body)->Args({300, 0})->Args({600, 0})->Args({600, 1})->Args({2000, 0});

void hash_body(benchmark::State& state) {
  const std::string body = body_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(aws::sha256(body));
  per_event(state, static_cast<std::size_t>(state.range(0)));
}
BENCHMARK(hash_body)->Arg(300)->Arg(600);

void parse_answer(benchmark::State& state) {
  std::string answer = R"({"FailedRecordCount":)" + std::to_string(state.range(0)) + R"(,"Records":[)";
  for (std::size_t i = 0; i < kRecords; ++i) {
    if (i > 0) answer += ',';
    if (static_cast<std::int64_t>(i) < state.range(0)) {
      answer +=
          R"({"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"Rate exceeded for shard shardId-000000000001 in stream s under account 123456789012."})";
    } else {
      answer +=
          R"({"SequenceNumber":"49543463076548007577105092703039560359975228518395012686","ShardId":"shardId-000000000000"})";
    }
  }
  answer += "]}";
  PutRecordsAnswerParser parser;
  for (auto _ : state) benchmark::DoNotOptimize(parser.parse(answer, kRecords));
  per_event(state, answer.size() / kRecords);
}
BENCHMARK(parse_answer)->Arg(0)->Arg(150);

void choose_shard(benchmark::State& state) {
  std::vector<Shard> shards;
  const auto count = static_cast<std::uint32_t>(state.range(0));
  const HashKey width = ~HashKey{0} / count;
  for (std::uint32_t i = 0; i < count; ++i)
    shards.push_back({"shardId-" + std::to_string(i), width * i + (i > 0), width * (i + 1)});
  Pacer pacer;
  pacer.set_map(ShardMap(shards), 0);
  Random random(1);
  pacer.count_answer(kNoShard, 600, false);
  pacer.end_answer(0, 1'000'000, random);
  std::int64_t now_us = 2'000'000;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kRecords; ++i) {
      std::uint32_t shard;
      benchmark::DoNotOptimize(pacer.admit(600, now_us, shard));
    }
    now_us += 500;
  }
  per_event(state, 600);
}
BENCHMARK(choose_shard)->Arg(4)->Arg(1000);

}  // namespace
}  // namespace sluice::kinesis
