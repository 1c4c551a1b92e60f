// What a record of PutRecords costs the simulator, in ns, without the carrying: it must not be what a benchmark of
// Sluice measures. Signatures are not checked, the ledger only counts.

#include <benchmark/benchmark.h>

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "kinesim/client_fake.h"

namespace kinesim {
namespace {

constexpr std::size_t kRecords = 500;

std::string put_records_call(bool cbor, std::size_t bytes, bool aimed) {
  nlohmann::json call = {{"StreamName", "events"}, {"Records", nlohmann::json::array()}};
  sluice::Random random(1);
  for (std::size_t i = 0; i < kRecords; ++i) {
    std::string data(bytes, '{');
    for (char& c : data) c = static_cast<char>('a' + random.below(26));
    nlohmann::json record = {{"PartitionKey", std::to_string(10'000'000 + i)}};
    if (cbor) {
      record["Data"] = nlohmann::json::binary({data.begin(), data.end()});
    } else {
      std::string text;
      sluice::base64_append(text, data);
      record["Data"] = text;
    }
    if (aimed) record["ExplicitHashKey"] = hash_key_text(HashKey{random.next()} << 64 | random.next());
    call["Records"].push_back(std::move(record));
  }
  if (!cbor) return call.dump();
  const auto encoded = nlohmann::json::to_cbor(call);
  return {encoded.begin(), encoded.end()};
}

// {CBOR, bytes of a record, explicit hash keys}
void take_records(benchmark::State& state) {
  SimulatorSettings settings;
  settings.authentication.verify = false;
  settings.ledger.mode = LedgerMode::count;
  settings.limits.on = false;
  World world(settings, 100);
  const bool cbor = state.range(0) != 0;
  const std::string body = put_records_call(cbor, static_cast<std::size_t>(state.range(1)), state.range(2) != 0);
  MapHeaders headers;
  headers.set("content-type", cbor ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1");
  headers.set("x-amz-target", "Kinesis_20131202.PutRecords");
  headers.set("x-amz-date", "20231114T221320Z");
  headers.set(
      "authorization",
      "AWS4-HMAC-SHA256 Credential=" + std::string(kDemoAccessKey) +
          "/20231114/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + std::string(64, 'a'));
  for (auto _ : state) {
    const Answer answer = world.plain("POST", "/", headers, body);
    if (answer.status != 200) return state.SkipWithError(answer.body.c_str());
    benchmark::DoNotOptimize(answer.body.data());
  }
  const auto records = state.iterations() * static_cast<std::int64_t>(kRecords);
  state.counters["ns_per_record"] = benchmark::Counter(static_cast<double>(records) * 1e-9,
                                                       benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(take_records)->ArgsProduct({{0, 1}, {600, 15'000}, {0, 1}});

}  // namespace
}  // namespace kinesim
