// Runs the simulation of flag delivery for many seeds and says which one broke a promise.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

#include "base/log.h"
#include "run.h"

namespace {

using sluice::relay_simulation::Outcome;

struct Options {
  std::uint64_t seed = 1, runs = 1;
  std::string seed_file;
  bool verbose = false, twice = false;
};

struct Sum : Outcome {
  std::uint64_t runs = 0, failed = 0;

  void add(const Outcome& outcome) {
    ++runs;
    failed += outcome.broken.has_value();
    deaths += outcome.deaths;
    restarts += outcome.restarts;
    disk_faults += outcome.disk_faults;
    changes += outcome.changes;
    switches += outcome.switches;
    keys += outcome.keys;
    removals += outcome.removals;
    connections += outcome.connections;
    events += outcome.events;
    refused += outcome.refused;
    cut_off += outcome.cut_off;
    simulated_ms += outcome.simulated_ms;
    fingerprint = fingerprint * 31 + outcome.fingerprint;
  }
};

std::string running_seed;  // a line that tells it

// A run that ends the program names its seed too.
void tell_seed_of_crash(int signal) {
  [[maybe_unused]] const auto written = write(STDERR_FILENO, running_seed.data(), running_seed.size());
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void one(std::uint64_t seed, const Options& options, Sum& sum) {
  running_seed = fmt::format("seed {}: it ended the program\n", seed);
  const auto say = [](const std::string& line) { fmt::print("{}\n", line); };
  Outcome outcome =
      sluice::relay_simulation::run(seed, options.verbose ? say : std::function<void(const std::string&)>());
  if (options.twice && !outcome.broken &&
      sluice::relay_simulation::run(seed, nullptr).fingerprint != outcome.fingerprint)
    outcome.broken = "the same seed gave another run the second time";
  sum.add(outcome);
  if (!outcome.broken) return;
  fmt::print("seed {}: {}\n  again, with all that happened: relay_simulation --seed {} --verbose\n", seed,
             *outcome.broken, seed);
  std::fflush(stdout);
}

void all_in(const std::string& seed_file, const Options& options, Sum& sum) {
  std::ifstream file(seed_file);
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line[0] != '#') one(std::stoull(line), options, sum);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Flag delivery in one thread: upstream, relay, disk and SDKs, by a seed");
  app.add_option("--seed", options.seed, "The first seed")->capture_default_str();
  app.add_option("--runs", options.runs, "How many seeds from there on")->capture_default_str();
  app.add_option("--seed-file", options.seed_file, "Run the seeds in this file first, one a line, # for comments")
      ->check(CLI::ExistingFile);
  app.add_flag("--verbose", options.verbose, "Tell all that happens, with the server's log");
  app.add_flag("--twice", options.twice, "Run each seed twice, and expect the same");
  CLI11_PARSE(app, argc, argv);
  sluice::log_configure(options.verbose ? sluice::LogLevel::info : sluice::LogLevel::off, sluice::LogFormat::text);
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, tell_seed_of_crash);

  const auto begun = std::chrono::steady_clock::now();
  Sum sum;
  if (!options.seed_file.empty()) all_in(options.seed_file, options, sum);
  for (std::uint64_t i = 0; i < options.runs; ++i) one(options.seed + i, options, sum);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  fmt::print(
      "relay_simulation: {} runs from seed {} in {:.1f} s, {:.1f} hours simulated: {} changes upstream, {} switches, "
      "{} "
      "new SDK keys, {} times no flag source, {} connections to upstream\n",
      sum.runs, options.seed, seconds, static_cast<double>(sum.simulated_ms) / 3.6e6, sum.changes, sum.switches,
      sum.keys, sum.removals, sum.connections);
  fmt::print(
      "relay_simulation: {} events to SDKs, {} answers 503, {} slow readers cut off; {} deaths, {} restarts in order, "
      "{} writes and syncs failed; fingerprint {:016x}\n",
      sum.events, sum.refused, sum.cut_off, sum.deaths, sum.restarts, sum.disk_faults, sum.fingerprint);
  fmt::print("relay_simulation: {} passed, {} failed\n", sum.runs - sum.failed, sum.failed);
  return sum.failed == 0 ? 0 : 1;
}
