#include <CLI/CLI.hpp>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/random.h"
#include "loadgen/process_usage.h"
#include "loadgen/runner.h"
#include "loadgen/streams_command.h"

namespace loadgen {
namespace {

volatile bool stop = false;

void describe(CLI::App& app, RunSettings& settings, std::string& target, std::string& acked_file,
              std::string& report_file) {
  PayloadShape& shape = settings.shape;
  app.add_option("--target,--address", target, "address:port of the intake (IPv4)")->capture_default_str();
  app.add_flag("--tls", settings.tls, "the intake speaks TLS; its certificate is not checked");
  app.add_option("--path", shape.path, "where payloads go")->capture_default_str();
  app.add_option("--sdk-key", shape.authorization, "Authorization header")->required();
  app.add_option("--keys", shape.keys,
                 "environments: payloads go in turn to the keys that differ from --sdk-key in their last 12 digits, "
                 "from 0 on")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--connections", settings.connections, "keep-alive connections, one payload in flight on each")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--events", shape.events, "events in a payload")->check(CLI::Range(1, 100'000))->capture_default_str();
  app.add_option("--event-bytes", shape.event_bytes, "about, each")->capture_default_str();
  app.add_option("--contexts", shape.contexts, "different contexts")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  app.add_option("--flags", shape.flags, "different flags")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--rate", settings.events_per_s, "events a second; 0: as fast as answers come")->capture_default_str();
  app.add_option("--seconds", settings.seconds, "0: until --payloads are sent")->capture_default_str();
  app.add_option("--payloads", settings.payloads, "0: until --seconds are over")->capture_default_str();
  app.add_option("--retries", settings.retries, "of a failed payload, under the same payload id (SDKs: 1)")
      ->capture_default_str();
  app.add_option("--retry-delay-ms,--retry-ms", settings.retry_delay_ms, "before each")->capture_default_str();
  app.add_option("--timeout-ms", settings.timeout_ms, "of one request")->capture_default_str();
  app.add_option("--run", shape.run, "number that starts every loadgenId (random)");
  app.add_flag("--gzip", shape.gzip, "compress bodies");
  app.add_flag("--as-sdks-send", shape.as_sdks_send,
               "events of about 600 bytes that differ as those of server-side SDKs do, in place of padded ones");
  app.add_option("--seed", shape.seed, "of those events")->capture_default_str();
  app.add_option("--acked-file", acked_file, "write the ids of acknowledged events, as ranges \"first-id count\"");
  app.add_option("--report-file", report_file, "write the report here too");
}

nlohmann::json report_json(const RunReport& report, const RunSettings& settings) {
  const double events = static_cast<double>(report.payloads_acknowledged * settings.shape.events);
  const auto ms = [&](double quantile) { return static_cast<double>(report.acknowledged_us.at(quantile)) / 1000; };
  nlohmann::json statuses = nlohmann::json::object();
  for (const auto& [status, count] : report.statuses) statuses[std::to_string(status)] = count;
  return {{"run", event_id(settings.shape.run, 0).substr(0, 8)},
          {"seconds", report.seconds},
          {"payloads_started", report.payloads_started},
          {"payloads_acknowledged", report.payloads_acknowledged},
          {"payloads_failed", report.payloads_failed},
          {"events_acknowledged", report.payloads_acknowledged * settings.shape.events},
          {"events_per_s", report.seconds > 0 ? events / report.seconds : 0},
          {"bytes_sent", report.bytes_sent},
          {"retries", report.retries},
          {"connection_errors", report.connection_errors},
          {"timeouts", report.timeouts},
          {"statuses", std::move(statuses)},
          {"latency_ms", {{"p50", ms(0.5)}, {"p90", ms(0.9)}, {"p99", ms(0.99)}, {"p999", ms(0.999)}, {"max", ms(1)}}},
          {"cpu_s", cpu_seconds()}};
}

int run(RunSettings settings, const std::string& target, const std::string& acked_file,
        const std::string& report_file) {
  const auto colon = target.rfind(':');
  const std::string port = colon == target.npos ? "" : target.substr(colon + 1);
  if (std::from_chars(port.data(), port.data() + port.size(), settings.port).ec != std::errc{}) {
    std::fprintf(stderr, "loadgen: expected --target address:port, such as 127.0.0.1:8030, not '%s'\n", target.c_str());
    return 1;
  }
  if (settings.shape.keys > 1 && settings.shape.authorization.size() <= 12) {
    std::fprintf(stderr,
                 "loadgen: with --keys, expected an --sdk-key of more than 12 characters, whose last 12 change\n");
    return 1;
  }
  settings.address = target.substr(0, colon);
  settings.shape.host = target;
  if (settings.seconds <= 0 && settings.payloads == 0) {
    std::fprintf(stderr, "loadgen: give --seconds or --payloads, so that it ends\n");
    return 1;
  }
  std::signal(SIGINT, [](int) { stop = true; });
  std::signal(SIGTERM, [](int) { stop = true; });
  const sluice::SystemClock clock;
  const auto report = Runner(settings, clock).run(stop);
  if (!report) {
    std::fprintf(stderr, "loadgen: %s\n", report.error().message.c_str());
    return 1;
  }
  if (!acked_file.empty()) std::ofstream(acked_file) << acknowledged_ranges(*report, settings.shape);
  const std::string text = report_json(*report, settings).dump(2) + "\n";
  if (!report_file.empty()) std::ofstream(report_file) << text;
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace
}  // namespace loadgen

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "streams") return loadgen::run_streams(argc - 1, argv + 1);
  CLI::App app("loadgen: sends SDK payloads to an intake and keeps which events were acknowledged");
  loadgen::RunSettings settings;
  settings.shape.run = static_cast<std::uint32_t>(sluice::Random::from_system().next());
  std::string target = "127.0.0.1:8030", acked_file, report_file;
  loadgen::describe(app, settings, target, acked_file, report_file);
  CLI11_PARSE(app, argc, argv);
  return loadgen::run(settings, target, acked_file, report_file);
}
