#include "loadgen/streams_command.h"

#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "loadgen/process_usage.h"
#include "loadgen/stream_runner.h"

namespace loadgen {
namespace {

void say(const nlohmann::json& line) {
  std::fputs((line.dump() + "\n").c_str(), stdout);
  std::fflush(stdout);
}

nlohmann::json counts_json(const StreamCounts& counts) {
  nlohmann::json statuses = nlohmann::json::object();
  for (const auto& [status, count] : counts.statuses) statuses[std::to_string(status)] = count;
  const auto ms = [&](double quantile) { return static_cast<double>(counts.first_event_us.at(quantile)) / 1000; };
  return {{"said", "counts"},
          {"connects", counts.connects},
          {"connect_errors", counts.connect_errors},
          {"open", counts.open},
          {"ended", counts.ended},
          {"events", counts.events},
          {"bytes", counts.bytes},
          {"statuses", std::move(statuses)},
          {"first_event_ms", {{"p50", ms(0.5)}, {"p99", ms(0.99)}, {"max", ms(1)}}},
          {"cpu_s", cpu_seconds()}};
}

}  // namespace

int run_streams(int argc, char** argv) {
  CLI::App app(
      "loadgen streams: opens streams of events and reads them. Says {\"said\":\"all_had\",\"events\":N} when each "
      "stream has had N events, and its counts for each byte on its standard input; ends with it.");
  StreamSettings settings;
  std::string target = "127.0.0.1:8030";
  bool unread = false;
  app.add_option("--target", target, "address:port (IPv4)")->capture_default_str();
  app.add_option("--path", settings.path, "of the stream, with its query")->capture_default_str();
  app.add_option("--authorization", settings.authorization, "header; empty: none");
  app.add_option("--streams", settings.streams, "how many")->check(CLI::Range(1, 100'000))->capture_default_str();
  app.add_option("--at-a-time", settings.at_a_time, "connections that have no answer yet")->capture_default_str();
  app.add_option("--addresses", settings.source_addresses, "source addresses from 127.0.0.2 on; 0: the system chooses")
      ->check(CLI::Range(0, 200))
      ->capture_default_str();
  app.add_option("--connects-per-s", settings.connects_per_s, "0: as fast as answers come")->capture_default_str();
  app.add_option("--reconnect-ms", settings.reconnect_ms,
                 "a stream that ended comes again after half of this to all of it; 0: it does not")
      ->capture_default_str();
  app.add_flag("--unread", unread, "read nothing of what comes");
  app.add_flag("--churn", settings.churn, "close a stream that had an event, and open another one");
  CLI11_PARSE(app, argc, argv);
  settings.read = !unread;
  settings.host = target;
  const auto colon = target.rfind(':');
  const std::string port = colon == target.npos ? "" : target.substr(colon + 1);
  if (std::from_chars(port.data(), port.data() + port.size(), settings.port).ec != std::errc{}) {
    std::fprintf(stderr, "loadgen: expected --target address:port, such as 127.0.0.1:8030, not '%s'\n", target.c_str());
    return 1;
  }
  settings.address = target.substr(0, colon);
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &descriptors);

  const sluice::SystemClock clock;
  StreamRunner runner(settings, clock, [&clock](unsigned events) {
    say({{"said", "all_had"}, {"events", events}, {"at_ms", clock.wall_ms()}});
  });
  const auto on_input = [&runner] {
    char byte = 0;
    if (::read(STDIN_FILENO, &byte, 1) <= 0) return false;
    say(counts_json(runner.counts()));
    return true;
  };
  if (const auto done = runner.run(STDIN_FILENO, on_input); !done) {
    std::fprintf(stderr, "loadgen: %s\n", done.error().message.c_str());
    return 1;
  }
  return 0;
}

}  // namespace loadgen
