// Runs the simulation for many seeds and says which one broke a promise.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/log.h"
#include "run.h"

namespace {

using sluice::simulation::Kind;
using sluice::simulation::kKindNames;
using sluice::simulation::Outcome;
using sluice::simulation::Run;

struct Options {
  std::uint64_t seed = 1, runs = 1;
  std::string seed_file;
  std::int64_t outage_hours = 0;
  std::vector<std::string> kinds;
  bool verbose = false, twice = false;
};

struct Sum {
  std::uint64_t runs = 0, broken = 0, payloads = 0, events = 0, taken = 0, repeats = 0, deaths = 0, restarts = 0,
                flips = 0, steps = 0, refused = 0, read_errors = 0, records = 0, packed = 0, throttled = 0,
                cbor_records = 0, refused_large = 0, payloads_forwarded = 0, payloads_divided = 0, objects = 0,
                found_there = 0, batches = 0;
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
    payloads_forwarded += outcome.payloads_forwarded;
    payloads_divided += outcome.payloads_divided;
    objects += outcome.objects;
    found_there += outcome.found_there;
    batches += outcome.batches;
    refused += outcome.refused;
    simulated_ms += outcome.simulated_ms;
  }
};

Outcome run(std::uint64_t seed, bool verbose, const Options& options, const std::vector<Kind>& kinds) {
  return Run(seed,
             verbose ? [](const std::string& line) { fmt::print("{}\n", line); }
                     : std::function<void(const std::string&)>(),
             options.outage_hours * 3'600'000, kinds)
      .go();
}

std::string running_seed;  // a line that tells it

// A run that ends the program names its seed too.
void tell_seed_of_crash(int signal) {
  [[maybe_unused]] const auto written = write(STDERR_FILENO, running_seed.data(), running_seed.size());
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void one(std::uint64_t seed, const Options& options, const std::vector<Kind>& kinds, Sum& sum) {
  running_seed = fmt::format("seed {}: it ended the program\n", seed);
  Outcome outcome = run(seed, options.verbose, options, kinds);
  if (options.twice && !outcome.broken && run(seed, false, options, kinds).fingerprint != outcome.fingerprint)
    outcome.broken = "the same seed gave another run the second time";
  sum.add(outcome);
  if (!outcome.broken) return;
  std::string names;
  for (const Kind kind : kinds) names += fmt::format(" --kind {}", kKindNames[static_cast<std::size_t>(kind)]);
  fmt::print("seed {}: {}\n  again, with all that happened: simulation --seed {}{} --verbose\n", seed, *outcome.broken,
             seed, names);
  std::fflush(stdout);
}

std::vector<Kind> kinds_named(const std::vector<std::string>& names) {
  std::vector<Kind> kinds;
  for (const std::string& name : names)
    kinds.push_back(static_cast<Kind>(std::find(kKindNames.begin(), kKindNames.end(), name) - kKindNames.begin()));
  return kinds;
}

struct KnownSeed {
  std::uint64_t seed = 0;
  std::vector<Kind> kinds;
};
// "22", or "22 kinesis s3": the kinds that its destinations have; without, they are drawn.
std::vector<KnownSeed> seeds_of(const std::string& path) {
  std::vector<KnownSeed> seeds;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    KnownSeed known;
    words >> known.seed;
    std::vector<std::string> names;
    for (std::string name; words >> name;) names.push_back(name);
    known.kinds = kinds_named(names);
    seeds.push_back(known);
  }
  return seeds;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"The whole pipeline in one thread, on a simulated clock, disk, network and AWS."};
  app.add_option("--seed", options.seed, "The first seed")->capture_default_str();
  app.add_option("--runs", options.runs, "How many seeds from there on")->capture_default_str();
  app.add_option("--seed-file", options.seed_file, "Run the seeds in this file first, one a line, # for comments");
  app.add_option("--kind", options.kinds, "The kinds that destinations have; drawn from the seed without")
      ->check(CLI::IsMember(std::vector<std::string>(kKindNames.begin(), kKindNames.end())));
  app.add_option("--outage-hours", options.outage_hours, "Every stream is out of reach for so long, while SDKs send");
  app.add_flag("--verbose", options.verbose, "Tell all that happens, with the server's log");
  app.add_flag("--twice", options.twice, "Run each seed twice, and expect the same");
  CLI11_PARSE(app, argc, argv);
  sluice::log_configure(options.verbose ? sluice::LogLevel::info : sluice::LogLevel::off, sluice::LogFormat::text);

  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, tell_seed_of_crash);

  const auto began = std::chrono::steady_clock::now();
  Sum sum;
  if (!options.seed_file.empty())
    for (const KnownSeed& known : seeds_of(options.seed_file)) one(known.seed, options, known.kinds, sum);
  const std::vector<Kind> kinds = kinds_named(options.kinds);
  for (std::uint64_t i = 0; i < options.runs; ++i) one(options.seed + i, options, kinds, sum);
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
  fmt::print("simulation: {} payloads forwarded, {} of them too large; {} objects, {} times found there; {} batches\n",
             sum.payloads_forwarded, sum.payloads_divided, sum.objects, sum.found_there, sum.batches);
  fmt::print("simulation: {} passed, {} failed\n", sum.runs - sum.broken, sum.broken);
  return sum.broken == 0 ? 0 : 1;
}
