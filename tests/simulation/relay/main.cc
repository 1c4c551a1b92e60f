// Runs the simulation of flag delivery for many seeds and says which one broke a promise.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "base/log.h"
#include "run.h"

int main(int argc, char** argv) {
  using sluice::relay_simulation::Outcome;
  CLI::App app("Simulates flag delivery: upstream, relay, disk and SDKs in one thread, by a seed");
  std::uint64_t seed = 1, runs = 1;
  bool verbose = false, twice = false;
  app.add_option("--seed", seed, "the first")->capture_default_str();
  app.add_option("--runs", runs, "how many seeds")->capture_default_str();
  app.add_flag("--verbose", verbose, "all that happens, and the log");
  app.add_flag("--twice", twice, "each run has to be the same the second time");
  CLI11_PARSE(app, argc, argv);
  sluice::log_configure(verbose ? sluice::LogLevel::info : sluice::LogLevel::off, sluice::LogFormat::text);

  const auto say = [verbose](const std::string& line) {
    if (verbose) fmt::print("{}\n", line);
  };
  const auto begun = std::chrono::steady_clock::now();
  Outcome sum;
  std::uint64_t broken = 0;
  for (std::uint64_t i = seed; i < seed + runs; ++i) {
    Outcome outcome = sluice::relay_simulation::run(i, say);
    if (twice && sluice::relay_simulation::run(i, say).fingerprint != outcome.fingerprint && !outcome.broken)
      outcome.broken = "the second run was another one";
    if (outcome.broken) {
      ++broken;
      fmt::print("relay: seed {}: {}\n", i, *outcome.broken);
    }
    sum.deaths += outcome.deaths;
    sum.restarts += outcome.restarts;
    sum.disk_faults += outcome.disk_faults;
    sum.changes += outcome.changes;
    sum.switches += outcome.switches;
    sum.connections += outcome.connections;
    sum.events += outcome.events;
    sum.refused += outcome.refused;
    sum.cut_off += outcome.cut_off;
    sum.simulated_ms += outcome.simulated_ms;
  }
  fmt::print(
      "relay: {} runs from seed {} in {:.1f} s, {:.1f} hours simulated: {} changes upstream, {} switches, {} "
      "connections "
      "to upstream; {} events to SDKs, {} answers 503, {} slow readers cut off; {} deaths, {} restarts in order, {} "
      "writes and syncs failed\n",
      runs, seed, std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count(),
      static_cast<double>(sum.simulated_ms) / 3.6e6, sum.changes, sum.switches, sum.connections, sum.events,
      sum.refused, sum.cut_off, sum.deaths, sum.restarts, sum.disk_faults);
  fmt::print("relay: {} passed, {} failed\n", runs - broken, broken);
  return broken == 0 ? 0 : 1;
}
