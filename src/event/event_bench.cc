// What one event costs on its way from the body to the entry, and from the entry to the record.
#include <benchmark/benchmark.h>

#include <string>

#include "event/envelope.h"
#include "event/payload_reader.h"

namespace sluice::event {
namespace {

constexpr std::size_t kEvents = 100;
constexpr std::int64_t kReceivedMs = 1'700'000'000'000;

// About 600 bytes, as a current server-side SDK sends it: the context inline.
std::string feature_event(std::size_t number) {
  const std::string user = "user-" + std::to_string(100'000 + number);
  return R"({"kind":"feature","creationDate":1795407309452,"context":{"kind":"multi","user":{"key":")" + user +
         R"(","name":"Test User","country":"fr","plan":"gold","email":")" + user +
         R"(@example.com","tags":["beta","mobile"],"address":{"city":"Paris","street":"1 rue de la Paix"},)"
         R"("_meta":{"redactedAttributes":["/address/zip","phone"]}},"organization":{"key":"org-4711",)"
         R"("name":"Example Organization","seats":250,"region":"eu-west-1"}},"key":"checkout-redesign",)"
         R"("value":{"layout":"two-column","steps":3},"default":false,"variation":1,"version":124,)"
         R"("reason":{"kind":"RULE_MATCH","ruleId":"5f1a2b3c-rule","ruleIndex":2,"inExperiment":true},"samplingRatio":1})";
}

std::string payload(const char* between) {
  std::string body = "[";
  for (std::size_t i = 0; i < kEvents; ++i) body += (i == 0 ? "" : between) + feature_event(i);
  return body + "]";
}

void measure(benchmark::State& state, const std::string& text) {
  const std::string buffer = text + std::string(kPayloadPadding, ' ');
  const std::string_view body = std::string_view(buffer).substr(0, text.size());
  PayloadReader reader{ObjectIdMinter(1)};
  EntryWriter writer;
  for (auto _ : state) {
    writer.begin({}, {}, kReceivedMs, {});
    if (!reader.read(body, 4, kReceivedMs, writer)) state.SkipWithError("the body was refused");
    benchmark::DoNotOptimize(writer.event_count());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(body.size()));
  state.counters["per_event"] =
      benchmark::Counter(kEvents, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["bytes"] = static_cast<double>(body.size()) / kEvents;
}

void read_payload_of_100(benchmark::State& state) { measure(state, payload(",")); }
BENCHMARK(read_payload_of_100);

// One blank anywhere outside strings, and each token is copied on its own.
void read_payload_of_100_with_whitespace(benchmark::State& state) { measure(state, payload(", ")); }
BENCHMARK(read_payload_of_100_with_whitespace);

void write_records_of_100(benchmark::State& state) {
  const std::string buffer = payload(",") + std::string(kPayloadPadding, ' ');
  PayloadReader reader{ObjectIdMinter(1)};
  EntryWriter writer;
  writer.begin({}, {}, kReceivedMs, {});
  if (!reader.read(std::string_view(buffer).substr(0, buffer.size() - kPayloadPadding), 4, kReceivedMs, writer))
    state.SkipWithError("the body was refused");
  std::string bytes;
  writer.finish(bytes);
  std::string records(bytes.size() * 2, '\0');
  for (auto _ : state) {
    const auto entry = EntryView::open(bytes);
    const EnvelopeWriter envelope(*entry, {});
    EntryView::Walk position;
    EventSlot event;
    char* out = records.data();
    while (entry->next(position, event)) out = envelope.write(out, event);
    benchmark::DoNotOptimize(out);
  }
  state.counters["per_event"] =
      benchmark::Counter(kEvents, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(write_records_of_100);

}  // namespace
}  // namespace sluice::event
