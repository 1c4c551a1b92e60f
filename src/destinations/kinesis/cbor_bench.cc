// What a record costs in CBOR, in ns per event: beside build_body and parse_answer of kinesis_bench.cc, the JSON form.

#include <benchmark/benchmark.h>

#include <nlohmann/json.hpp>

#include "destinations/kinesis/put_records_answer.h"
#include "destinations/kinesis/put_records_cbor.h"
#include "destinations/kinesis/put_records_request.h"
#include "destinations/kinesis/sink_rig_fake.h"

namespace sluice::kinesis {
namespace {

constexpr std::size_t kCborRecords = 500;

void per_record(benchmark::State& state, std::size_t bytes) {
  const auto records = state.iterations() * static_cast<std::int64_t>(kCborRecords);
  state.SetItemsProcessed(records);
  state.SetBytesProcessed(records * static_cast<std::int64_t>(bytes));
  state.counters["ns_per_event"] = benchmark::Counter(static_cast<double>(records) * 1e-9,
                                                      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void build_cbor_body(benchmark::State& state) {
  const auto events = make_events(kCborRecords, static_cast<std::size_t>(state.range(0)));
  PutRecordsCbor body("", "flag-events");
  Random random(1);
  std::string buffer;
  const bool aimed = state.range(1) != 0;
  for (auto _ : state) {
    body.begin(std::move(buffer), kCborRecords, 0);
    for (const exporting::OutboundEvent& event : events) {
      const auto key = random_partition_key(random);
      const auto write = [&](char* out) { return event.entry->envelope.write(out, event.slot); };
      body.add(event.record_size(), write, {key.data(), key.size()},
               aimed ? std::optional(static_cast<HashKey>(random.next()) << 60) : std::nullopt);
    }
    buffer = body.finish();
    benchmark::DoNotOptimize(buffer.data());
  }
  state.counters["body_bytes"] = static_cast<double>(buffer.size());
  per_record(state, static_cast<std::size_t>(state.range(0)));
}
BENCHMARK(build_cbor_body)->Args({300, 0})->Args({600, 0})->Args({600, 1})->Args({2000, 0});

// range(0): how many records failed.
void parse_cbor_answer(benchmark::State& state) {
  const auto failed = static_cast<std::size_t>(state.range(0));
  nlohmann::json answer = {{"FailedRecordCount", failed}, {"Records", nlohmann::json::array()}};
  for (std::size_t i = 0; i < kCborRecords; ++i) {
    if (i < failed)
      answer["Records"].push_back(
          {{"ErrorCode", "ProvisionedThroughputExceededException"},
           {"ErrorMessage", "Rate exceeded for shard shardId-000000000001 in stream s under account 123456789012."}});
    else
      answer["Records"].push_back({{"SequenceNumber", "49543463076548007577105092703039560359975228518395012686"},
                                   {"ShardId", "shardId-000000000000"}});
  }
  const auto bytes = nlohmann::json::to_cbor(answer);
  std::string body(bytes.begin(), bytes.end());
  PutRecordsAnswerParser parser;
  for (auto _ : state) benchmark::DoNotOptimize(parser.parse(body, kCborRecords));
  per_record(state, body.size() / kCborRecords);
}
BENCHMARK(parse_cbor_answer)->Arg(0)->Arg(150);

}  // namespace
}  // namespace sluice::kinesis
