// What packing costs: CPU per event, and what it gives, in bytes per event and in how full the units are.

#include <benchmark/benchmark.h>

#include "framing/outbound_fake.h"
#include "framing/record_packer.h"
#include "framing/stream_compressor.h"

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

// The lines of an object: 64 MiB of them, one event at a time.
void stream(benchmark::State& state, StreamCompressor::Format format) {
  Random random(1);
  const std::vector<exporting::OutboundEvent> source = typical_events(random, 20'000);
  std::vector<std::string> records;
  for (const exporting::OutboundEvent& event : source) event.entry->envelope.append(records.emplace_back(), event.slot);
  std::uint64_t events = 0, bytes = 0;
  std::string out;
  for (auto _ : state) {
    StreamCompressor compressor(format);
    for (std::size_t raw = 0; raw < 64u << 20; ++events) {
      const std::string& record = records[events % records.size()];
      raw += record.size();
      compressor.write(record, out);
      if (out.size() > 256u << 10) bytes += out.size(), out.clear();
    }
    compressor.finish(out);
    bytes += out.size();
    out.clear();
  }
  state.counters["us_per_event"] =
      benchmark::Counter(static_cast<double>(events) * 1e-6, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["bytes_per_event"] = static_cast<double>(bytes) / static_cast<double>(events);
}
BENCHMARK_CAPTURE(stream, none, StreamCompressor::Format::none);
BENCHMARK_CAPTURE(stream, gzip, StreamCompressor::Format::gzip);
BENCHMARK_CAPTURE(stream, zstd, StreamCompressor::Format::zstd);

}  // namespace
}  // namespace sluice::framing
