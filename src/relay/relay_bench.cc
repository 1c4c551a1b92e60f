// What flag data costs: one flag of typical size, and an environment of 5,000 of them (some 10 MB).
#include <benchmark/benchmark.h>

#include <string>

#include "relay/data_file.h"
#include "relay/flag_data.h"
#include "relay/flag_rewrite.h"
#include "relay/flag_store_format.h"
#include "relay/served_flags.h"

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

constexpr int kFlags = 5'000;

// Every flag has its own key and version.
std::string environment_document(int count = kFlags) {
  const std::string flag = typical_flag();
  std::string flags;
  for (int i = 0; i < count; ++i)
    flags += std::string(i == 0 ? "" : ",") + "\"flag-" + std::to_string(i) + "\":" + flag.substr(0, flag.size() - 1) +
             ",\"number\":" + std::to_string(i) + "}";
  return R"({"flags":{)" + flags + R"(},"segments":{}})";
}

FlagSnapshotPtr environment() {
  FlagData data;
  return data.apply_document(environment_document(), 1) ? data.snapshot() : nullptr;
}

const FlagSelection kEverySecond{[](std::string_view key) { return key.back() % 2 == 0; }, false};

void read_put_of_5000(benchmark::State& state) {
  const std::string put = R"({"path":"/","data":)" + environment_document() + "}";
  for (auto _ : state) {
    FlagData data;
    if (!data.apply("put", put, 1)) state.SkipWithError("not read");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(put.size()));
}
BENCHMARK(read_put_of_5000)->Unit(benchmark::kMillisecond);

void apply_patch_among_5000(benchmark::State& state) {
  FlagData data;
  data.restore(environment());
  std::int64_t version = 1000;
  for (auto _ : state)
    if (!data.apply("patch", R"({"path":"/flags/flag-77","data":{"version":)" + std::to_string(++version) + "}}", 1))
      state.SkipWithError("not applied");
}
BENCHMARK(apply_patch_among_5000)->Unit(benchmark::kMicrosecond);

void serve_5000(benchmark::State& state) {
  const FlagSnapshotPtr snapshot = environment();
  for (auto _ : state) benchmark::DoNotOptimize(ServedFlags(snapshot, kEverySecond, nullptr).etag());
}
BENCHMARK(serve_5000)->Unit(benchmark::kMillisecond);

// What comes out the same is taken over.
void serve_5000_after_a_patch(benchmark::State& state) {
  FlagData data;
  data.restore(environment());
  const ServedFlags before(data.snapshot(), kEverySecond, nullptr);
  if (!data.apply("patch", R"({"path":"/flags/flag-77","data":{"version":1000}})", 1))
    state.SkipWithError("not applied");
  for (auto _ : state) benchmark::DoNotOptimize(ServedFlags(data.snapshot(), kEverySecond, &before).etag());
}
BENCHMARK(serve_5000_after_a_patch)->Unit(benchmark::kMicrosecond);

void build_text(benchmark::State& state, SharedText (ServedFlags::*text)() const) {
  const FlagSnapshotPtr snapshot = environment();
  const ServedFlags before(snapshot, kEverySecond, nullptr);
  std::size_t size = 0;
  for (auto _ : state) {
    const ServedFlags served(snapshot, kEverySecond, &before);
    size = (served.*text)()->size();
  }
  state.counters["bytes"] = static_cast<double>(size);
}
void build_put_of_5000(benchmark::State& state) { build_text(state, &ServedFlags::all_put); }
BENCHMARK(build_put_of_5000)->Unit(benchmark::kMillisecond);
void build_gzip_of_5000(benchmark::State& state) { build_text(state, &ServedFlags::latest_all_gzip); }
BENCHMARK(build_gzip_of_5000)->Unit(benchmark::kMillisecond);

void read_store_of_5000(benchmark::State& state) {
  const std::string bytes = flag_store_bytes({}, *environment());
  for (auto _ : state)
    if (!read_flag_store({}, bytes)) state.SkipWithError("not read");
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(read_store_of_5000)->Unit(benchmark::kMillisecond);

void write_store_of_5000(benchmark::State& state) {
  const FlagSnapshotPtr snapshot = environment();
  for (auto _ : state) benchmark::DoNotOptimize(flag_store_bytes({}, *snapshot).data());
}
BENCHMARK(write_store_of_5000)->Unit(benchmark::kMillisecond);

void read_data_file(benchmark::State& state, std::string path, int flags) {
  DataFile values{std::move(path), environment_document(flags)};
  // Without the keys inside, which are not those under which they stand.
  for (std::size_t at = 0; (at = values.text.find("\"key\":\"checkout-redesign\",", at)) != std::string::npos;)
    values.text.erase(at, 26);
  for (auto _ : state)
    if (const auto read = read_data_files({&values, 1}, nullptr, 1); !read)
      state.SkipWithError(read.error().message.c_str());
}
void read_json_file_of_5000(benchmark::State& state) { read_data_file(state, "a.json", kFlags); }
BENCHMARK(read_json_file_of_5000)->Unit(benchmark::kMillisecond);
void read_yaml_file_of_1000(benchmark::State& state) { read_data_file(state, "a.yaml", 1'000); }
BENCHMARK(read_yaml_file_of_1000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::relay
