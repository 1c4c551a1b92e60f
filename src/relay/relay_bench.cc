// What switching tracking on costs for one flag of typical size.
#include <benchmark/benchmark.h>

#include <string>

#include "relay/flag_rewrite.h"
#include "relay/json_scan.h"

namespace sluice::relay {
namespace {

// About 1,800 bytes with six rules, as LaunchDarkly sends it.
std::string typical_flag() {
  std::string rules;
  for (int i = 0; i < 6; ++i)
    rules += std::string(i == 0 ? "" : ",") + R"({"variation":1,"id":"5f1a2b3c-7d8e-4f90-a1b2-c3d4e5f6a7b)" +
             std::to_string(i) +
             R"(","clauses":[{"contextKind":"user","attribute":"email","op":"endsWith","values":["@example.com",)"
             R"("@example.org"],"negate":false}],"trackEvents":false})";
  return R"({"key":"checkout-redesign","on":true,"prerequisites":[],"targets":[{"values":["user-1","user-2"],)"
         R"("variation":0,"contextKind":"user"}],"contextTargets":[],"rules":[)" +
         rules +
         R"(],"fallthrough":{"rollout":{"contextKind":"user","variations":[{"variation":0,"weight":50000},)"
         R"({"variation":1,"weight":50000}],"bucketBy":"key"}},"offVariation":1,"variations":[{"layout":"one-column",)"
         R"("steps":4},{"layout":"two-column","steps":3}],"clientSideAvailability":{"usingMobileKey":false,)"
         R"("usingEnvironmentId":true},"clientSide":true,"salt":"8d2b5f0c9e7a4d1b","trackEvents":false,)"
         R"("trackEventsFallthrough":false,"debugEventsUntilDate":null,"version":124,"deleted":false})";
}

void rewrite_one(benchmark::State& state, bool reasons) {
  const std::string flag = typical_flag();
  std::string out;
  for (auto _ : state) {
    out.clear();
    if (rewrite_flag(flag, reasons, out) != Rewriting::changed) state.SkipWithError("not changed");
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(flag.size()));
  state.counters["bytes"] = static_cast<double>(flag.size());
}

void rewrite_typical_flag(benchmark::State& state) { rewrite_one(state, false); }
BENCHMARK(rewrite_typical_flag);

void rewrite_typical_flag_with_reasons(benchmark::State& state) { rewrite_one(state, true); }
BENCHMARK(rewrite_typical_flag_with_reasons);

}  // namespace
}  // namespace sluice::relay
