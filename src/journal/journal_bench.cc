// What appending and reading cost on a real disk, synced: CPU time of the whole process for each MB, and syncs a
// second. TMPDIR chooses the disk.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "journal/journal.h"

namespace sluice::journal {
namespace {

const ObjectId kEnvironment = *ObjectId::parse("578d1e02d2943862c52b9681");

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// A journal of six segments of 32 MiB, which are written once before anything is measured: as one that has run for a
// while.
class BenchJournal {
 public:
  BenchJournal() {
    std::filesystem::remove_all(directory_);
    limits_.segment_bytes = 32 << 20;
    limits_.max_bytes = 6 * limits_.segment_bytes;
    limits_.min_free_bytes = 0;
    limits_.retention_ms = 0;
    auto opened = Journal::open(directory_, limits_, *files_, clock_);
    if (!opened) std::abort();
    journal = std::move(*opened);
  }
  ~BenchJournal() {
    journal.reset();
    std::filesystem::remove_all(directory_);
  }

  // Keeps `at_once` entries under way until `count` are durable.
  void append(std::size_t count, std::size_t entry_bytes, std::size_t at_once) {
    std::string entry(entry_bytes, 'e');
    for (std::size_t i = 0; i < entry.size(); ++i) entry[i] = static_cast<char>(i * 31 + i / 257);
    for (std::size_t i = 0; i < count; ++i) {
      {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [&] { return under_way_ < at_once; });
        ++under_way_;
      }
      AppendRequest request;
      request.environment = kEnvironment;
      request.received_ms = clock_.wall_ms();
      request.counts[2] = 100;
      request.entry = entry;
      request.done = [this](AppendOutcome outcome) {
        if (outcome != AppendOutcome::durable) std::abort();
        const std::lock_guard lock(mutex_);
        --under_way_;
        room_.notify_one();
      };
      journal->append(std::move(request));
    }
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return under_way_ == 0; });
  }

  std::unique_ptr<Journal> journal;

 private:
  const std::string directory_ = (std::filesystem::temp_directory_path() / "sluice_journal_bench").string();
  std::unique_ptr<storage::FileSystem> files_ = storage::make_posix_file_system();
  SystemClock clock_;
  JournalLimits limits_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::size_t under_way_ = 0;
};

// Arguments: bytes of an entry, entries under way at once. CPU includes making the entry, about a copy.
void append(benchmark::State& state) {
  const auto entry_bytes = static_cast<std::size_t>(state.range(0));
  const auto at_once = static_cast<std::size_t>(state.range(1));
  BenchJournal bench;
  bench.journal->drop_hold(kStartingHold);
  bench.append((400u << 20) / entry_bytes / (entry_bytes < 10'000 ? 4 : 1), entry_bytes, 64);
  const JournalStats before = bench.journal->stats();
  const double cpu_before = cpu_seconds();
  const std::size_t count = std::max<std::size_t>(at_once * 16, (4u << 20) / entry_bytes);
  for (auto _ : state) bench.append(count, entry_bytes, at_once);
  const JournalStats after = bench.journal->stats();
  const auto bytes = static_cast<double>(after.appended_bytes - before.appended_bytes);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.counters["cpu_ns_per_kb"] = (cpu_seconds() - cpu_before) * 1e9 / (bytes / 1000);
  state.counters["syncs"] =
      benchmark::Counter(static_cast<double>(after.syncs - before.syncs), benchmark::Counter::kIsRate);
  state.counters["entries_per_sync"] = static_cast<double>(after.appended_entries - before.appended_entries) /
                                       static_cast<double>(after.syncs - before.syncs);
}
BENCHMARK(append)
    ->Args({60'000, 1})
    ->Args({60'000, 16})
    ->Args({60'000, 64})
    ->Args({1'000, 1})
    ->Args({1'000, 64})
    ->Args({1'000, 512})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->MinTime(1.0);

void read(benchmark::State& state) {
  const auto entry_bytes = static_cast<std::size_t>(state.range(0));
  BenchJournal bench;
  bench.append((150u << 20) / entry_bytes, entry_bytes, 64);
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    const auto reader = bench.journal->reader(kEnvironment, {});
    while (const auto chunk = reader->read(1 << 20))
      for (const JournalEntry& entry : chunk->entries) bytes += entry.entry.size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(read)->Arg(60'000)->Arg(1'000)->Unit(benchmark::kMillisecond);

// What a start asks of the journal for each of 2,000 destinations whose cursors lie in the middle of a full segment of
// 128 MiB of small payloads, each in an environment of its own: a hold, a reader, a mark, what waits, and its first
// entry. Arguments: 0: in the segment that is written; 1: in a sealed one.
void ready(benchmark::State& state) {
  constexpr std::uint32_t kDestinations = 2'000;
  const bool sealed = state.range(0) == 1;
  const auto directory = std::filesystem::temp_directory_path() / "sluice_journal_bench_ready";
  const auto files = storage::make_posix_file_system();
  const SystemClock clock;
  JournalLimits limits;
  limits.min_free_bytes = 0;
  std::filesystem::remove_all(directory);
  const auto environment = [](std::uint32_t number) {
    ObjectId id = kEnvironment;
    id.bytes[10] = static_cast<std::uint8_t>(number >> 8);
    id.bytes[11] = static_cast<std::uint8_t>(number);
    return id;
  };
  auto journal = *Journal::open(directory.string(), limits, *files, clock);
  Position middle;
  std::mutex mutex;
  std::condition_variable answered;
  std::size_t under_way = 0;
  const auto wait_for = [&](std::size_t most) {
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return under_way <= most; });
  };
  for (std::uint32_t i = 0; journal->stats().segments < 2 && i < 500'000; ++i) {
    if (!sealed && i == 440'000) break;
    if (i == 250'000) wait_for(0);
    if (i == 250'000) middle = journal->end();
    wait_for(4'000);
    {
      const std::lock_guard lock(mutex);
      ++under_way;
    }
    AppendRequest request;
    request.environment = environment(i * 7919 % kDestinations);
    request.received_ms = clock.wall_ms();
    request.counts[2] = 1;
    request.entry = std::string(200, 'e');
    request.done = [&](AppendOutcome) {
      const std::lock_guard lock(mutex);
      --under_way;
      answered.notify_one();
    };
    journal->append(std::move(request));
  }
  wait_for(0);
  for (auto _ : state) {
    journal.reset();
    journal = *Journal::open(directory.string(), limits, *files, clock);
    for (std::uint32_t i = 0; i < kDestinations; ++i) {
      const ObjectId id = environment(i);
      journal->hold(id.hex(), middle);
      const auto reader = journal->reader(id, middle);
      benchmark::DoNotOptimize(journal->count(id, middle, journal->mark(id).end));
      benchmark::DoNotOptimize(reader->read(1 << 20));
    }
  }
  journal.reset();
  std::filesystem::remove_all(directory);
}
BENCHMARK(ready)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)->Iterations(1)->UseRealTime();

}  // namespace
}  // namespace sluice::journal
