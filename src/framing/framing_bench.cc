// What packing costs: CPU per event, and what it gives, in bytes per event and in how full the units are.

#include <benchmark/benchmark.h>

#include "framing/outbound_fake.h"
#include "framing/record_packer.h"

namespace sluice::framing {
namespace {

void pack(benchmark::State& state, Encoding encoding) {
  Random random(1);
  const std::vector<exporting::OutboundEvent> source = typical_events(random, 20'000);
  const auto units = static_cast<std::uint64_t>(state.range(0));
  RecordPacker packer(encoding, {.record_bytes = units * kPutUnitBytes,
                                 .max_events = kMaxCompressedEvents,
                                 .linger_us = INT64_MAX,
                                 .key_bytes = 8});
  std::uint64_t events = 0, bytes = 0, billed = 0;
  std::size_t next = 0;
  for (auto _ : state) {
    std::optional<Record> record;
    while (!(record = packer.take(0, false)))
      for (int i = 0; i < 50; ++i) packer.put(source[next++ % source.size()]);
    events += record->events.size();
    bytes += record->bytes + 8u;
    billed += (record->bytes + 8u + kPutUnitBytes - 1) / kPutUnitBytes;
  }
  state.counters["us_per_event"] =
      benchmark::Counter(static_cast<double>(events) * 1e-6, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["bytes_per_event"] = static_cast<double>(bytes) / static_cast<double>(events);
  state.counters["fill"] = static_cast<double>(bytes) / static_cast<double>(billed * kPutUnitBytes);
}
BENCHMARK_CAPTURE(pack, ndjson, Encoding::ndjson)->Arg(4);
BENCHMARK_CAPTURE(pack, gzip, Encoding::ndjson_gzip)->Arg(1)->Arg(4)->Arg(20);
BENCHMARK_CAPTURE(pack, zstd, Encoding::ndjson_zstd)->Arg(1)->Arg(4)->Arg(20);

}  // namespace
}  // namespace sluice::framing
