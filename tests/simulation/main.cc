// Runs the simulation for many seeds and says which one broke a promise.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "base/log.h"
#include "run.h"

namespace {

using sluice::simulation::Outcome;
using sluice::simulation::Run;

struct Options {
  std::uint64_t seed = 1, runs = 1;
  std::string seed_file;
  std::int64_t outage_hours = 0;
  bool verbose = false, twice = false;
};

struct Sum {
  std::uint64_t runs = 0, broken = 0, payloads = 0, events = 0, taken = 0, repeats = 0, deaths = 0, restarts = 0,
                flips = 0, steps = 0, refused = 0, read_errors = 0, records = 0, packed = 0, throttled = 0,
                cbor_records = 0, refused_large = 0;
  std::int64_t simulated_ms = 0;

  void add(const Outcome& outcome) {
    ++runs;
    broken += outcome.broken.has_value();
    payloads += outcome.payloads;
    events += outcome.acknowledged_events;
    taken += outcome.taken_records;
    repeats += outcome.repeats;
    deaths += outcome.happened.deaths;
    restarts += outcome.happened.restarts;
    flips += outcome.happened.flips;
    read_errors += outcome.happened.read_errors;
    steps += outcome.steps;
    records += outcome.records;
    packed += outcome.packed;
    throttled += outcome.throttled;
    cbor_records += outcome.cbor_records;
    refused_large += outcome.refused_large;
    refused += outcome.refused;
    simulated_ms += outcome.simulated_ms;
  }
};

Outcome run(std::uint64_t seed, bool verbose, std::int64_t outage_hours) {
  return Run(seed,
             verbose ? [](const std::string& line) { fmt::print("{}\n", line); }
                     : std::function<void(const std::string&)>(),
             outage_hours * 3'600'000)
      .go();
}

void one(std::uint64_t seed, const Options& options, Sum& sum) {
  Outcome outcome = run(seed, options.verbose, options.outage_hours);
  if (options.twice && !outcome.broken && run(seed, false, options.outage_hours).fingerprint != outcome.fingerprint)
    outcome.broken = "the same seed gave another run the second time";
  sum.add(outcome);
  if (!outcome.broken) return;
  fmt::print("seed {}: {}\n  again, with all that happened: simulation --seed {} --verbose\n", seed, *outcome.broken,
             seed);
  std::fflush(stdout);
}

std::vector<std::uint64_t> seeds_of(const std::string& path) {
  std::vector<std::uint64_t> seeds;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line[0] != '#') seeds.push_back(std::stoull(line));
  return seeds;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"The whole pipeline in one thread, on a simulated clock, disk, network and AWS."};
  app.add_option("--seed", options.seed, "The first seed")->capture_default_str();
  app.add_option("--runs", options.runs, "How many seeds from there on")->capture_default_str();
  app.add_option("--seed-file", options.seed_file, "Run the seeds in this file first, one a line, # for comments");
  app.add_option("--outage-hours", options.outage_hours, "Every stream is out of reach for so long, while SDKs send");
  app.add_flag("--verbose", options.verbose, "Tell all that happens, with the server's log");
  app.add_flag("--twice", options.twice, "Run each seed twice, and expect the same");
  CLI11_PARSE(app, argc, argv);
  sluice::log_configure(options.verbose ? sluice::LogLevel::info : sluice::LogLevel::off, sluice::LogFormat::text);

  const auto began = std::chrono::steady_clock::now();
  Sum sum;
  if (!options.seed_file.empty())
    for (const std::uint64_t seed : seeds_of(options.seed_file)) one(seed, options, sum);
  for (std::uint64_t i = 0; i < options.runs; ++i) one(options.seed + i, options, sum);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  fmt::print(
      "simulation: {} runs from seed {} in {:.1f} s, {:.1f} hours simulated: {} payloads ({} answered "
      "503), {} events acknowledged, {} taken, {} of them repeats; {} deaths, {} restarts in order, {} bits "
      "rotted, {} reads failed\n",
      sum.runs, options.seed, seconds, static_cast<double>(sum.simulated_ms) / 3.6e6, sum.payloads, sum.refused,
      sum.events, sum.taken, sum.repeats, sum.deaths, sum.restarts, sum.flips, sum.read_errors);
  fmt::print(
      "simulation: {} records, {} of them of several events, {} in CBOR; {} throttled, {} calls refused for a size\n",
      sum.records, sum.packed, sum.cbor_records, sum.throttled, sum.refused_large);
  fmt::print("simulation: {} passed, {} failed\n", sum.runs - sum.broken, sum.broken);
  return sum.broken == 0 ? 0 : 1;
}
