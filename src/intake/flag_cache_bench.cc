// The cost of checking for each evaluation whether its flag is selected, and of adding the variation's name: payloads
// of 100 evaluations of 50 flags, read with and without it.
#include <benchmark/benchmark.h>

#include <string>

#include "event/payload_reader.h"
#include "intake/flag_cache.h"

namespace sluice::intake {
namespace {

constexpr int kEvents = 100;
constexpr int kFlags = 50;

std::string flag_key(int number) { return "flag-number-" + std::to_string(number); }

std::string payload() {
  std::string body = "[";
  for (int i = 0; i < kEvents; ++i) {
    const std::string user = "user-" + std::to_string(100'000 + i);
    body += i == 0 ? "" : ",";
    body += R"({"kind":"feature","creationDate":1795407309452,"key":")" + flag_key(i % kFlags) +
            R"(","version":12,"variation":1,"value":"blue","default":"grey","reason":{"kind":"FALLTHROUGH"},)"
            R"("context":{"kind":"multi","user":{"key":")" +
            user + R"(","name":"Test User","country":"fr","plan":"gold","email":")" + user +
            R"(@example.com","address":{"city":"Paris","street":"1 rue de la Paix"}},"organization":{"key":"org-4711",)"
            R"("name":"Example Organization","seats":250,"region":"eu-west-1","industry":"software"}},)"
            R"("samplingRatio":1,"trackEvents":true})";
  }
  return body + "]";
}

enum class Asked { nothing, as_sent, chosen, chosen_with_names };

void read_payload_of_100(benchmark::State& state) {
  const auto asked = static_cast<Asked>(state.range(0));
  catalog::Environment environment;
  environment.flag_export.as_sent = asked == Asked::as_sent;
  for (int i = 0; i < kFlags; ++i) {
    catalog::DeclaredFlag flag;
    flag.exported = true;
    if (asked == Asked::chosen_with_names) flag.variation_names = {"off", "on"};
    environment.flag_export.flags.emplace(flag_key(i), std::move(flag));
  }
  flags::FlagRegistry registry;
  registry.apply(catalog::CatalogSnapshot({}, {environment}, {}));
  FlagCache flag_cache(registry);
  const std::string text = payload();
  const std::string buffer = text + std::string(event::kPayloadPadding, ' ');
  event::PayloadReader reader{ObjectIdMinter(1)};
  event::EntryWriter writer;
  for (auto _ : state) {
    writer.begin({}, {}, 1, {});
    flag_cache.begin(environment, false, 1);
    const auto read = reader.read(std::string_view(buffer).substr(0, text.size()), 4, 1, writer,
                                  asked == Asked::nothing ? nullptr : &flag_cache);
    if (!read || writer.event_count() != kEvents) state.SkipWithError("not all events were taken");
  }
  state.counters["per_event"] =
      benchmark::Counter(kEvents, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["bytes"] = static_cast<double>(text.size()) / kEvents;
}
BENCHMARK(read_payload_of_100)->ArgName("asked")->DenseRange(0, 3);

}  // namespace
}  // namespace sluice::intake
