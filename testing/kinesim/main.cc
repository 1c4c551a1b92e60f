#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "kinesim/archive.h"
#include "kinesim/certificate.h"
#include "kinesim/config.h"
#include "kinesim/options.h"
#include "kinesim/worker.h"

namespace kinesim {
namespace {

using Server = std::unique_ptr<sluice::http::HttpServer>;

constexpr std::int64_t kDrain_ms = 2000;
constexpr std::uint64_t kMostBodyBytes = 256ull << 20;  // of S3; Kinesis refuses more than 10 MiB itself
constexpr std::uint64_t kMostBufferedBytes = 1ull << 30;

void describe(CLI::App& app, Options& options) {
  app.add_option("--listen", options.listen, "host:port for http; port 0: the system chooses")->capture_default_str();
  app.add_option("--tls-listen", options.tls_listen, "host:port for https");
  app.add_option("--tls-cert", options.tls_certificate, "PEM chain for https");
  app.add_option("--tls-key", options.tls_key, "PEM key for https");
  app.add_option("--tls-dir", options.tls_dir, "folder of the self-signed certificate that is made without --tls-cert")
      ->capture_default_str();
  app.add_option("--config", options.config, "TOML (.toml) or JSON file of streams, identities, roles and faults");
  app.add_option("--data-dir", options.data_dir, "keep streams and records in this folder");
  app.add_option("--ready-file", options.ready_file, "write the addresses as JSON into this file when ready");
  app.add_option("--ledger", options.ledger, "what is kept of records: full, ids or count")
      ->check(CLI::IsMember({"full", "ids", "count"}))
      ->capture_default_str();
  app.add_option("--ledger-id-field", options.ledger_id_fields,
                 "field whose 24 hex digits tell events apart (repeatable)");
  app.add_option("--ledger-retain-mib", options.ledger_retain_mib, "data kept per shard with --ledger full")
      ->capture_default_str();
  app.add_option("--create-stream,--stream", options.streams, "name:shards[:maxRecordKiB] (repeatable)");
  app.add_option("--create-bucket,--bucket", options.buckets, "name[:region] (repeatable)");
  app.add_option("--identity", options.identities, "accessKey:secretKey[:arn] (repeatable)");
  app.add_option("--role", options.roles, "arn[,externalId[,trusted principal or access key]] (repeatable)");
  app.add_option("--external-id", options.external_id, "of roles that name none");
  app.add_option("--account", options.account, "account id (123456789012)");
  app.add_option("--region", options.region, "region (us-east-1)");
  app.add_option("--threads", options.threads, "event loops for each address")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_flag("--no-rate-limits", options.no_rate_limits, "never throttle");
  app.add_flag("--no-verify", options.no_verify, "take any signature of a known access key");
  app.add_flag("--no-cbor", options.no_cbor, "refuse calls in CBOR");
  app.add_flag("--print-records", options.print_records, "print every accepted record's data");
}

int complain(const std::string& message) {
  std::fprintf(stderr, "kinesim: %s\n", message.c_str());
  return 1;
}

sluice::Result<SimulatorSettings> make_settings(const Options& options, const nlohmann::json& config) {
  SimulatorSettings settings;
  if (auto read = read_settings(config, settings); !read) return tl::unexpected(read.error());
  if (!options.account.empty()) settings.account = options.account;
  if (!options.region.empty()) settings.region = options.region;
  settings.authentication.region = settings.region;
  if (options.no_verify) settings.authentication.verify = false;
  if (options.no_rate_limits) settings.limits.on = false;
  settings.ledger.mode = *parse_ledger_mode(options.ledger);
  settings.ledger.fields = options.ledger_id_fields;
  settings.ledger.retained_bytes = options.ledger_retain_mib << 20;
  settings.print_records = options.print_records;
  return settings;
}

sluice::Result<Server> listen(const std::string& address, unsigned threads, std::optional<sluice::http::HttpTls> tls,
                              Shared& shared) {
  sluice::http::HttpLimits limits;
  limits.max_body_bytes = kMostBodyBytes;
  limits.max_buffered_bytes = kMostBufferedBytes;
  limits.too_large_status = 413;
  return sluice::http::HttpServer::start(address, threads, limits, std::move(tls),
                                         [&shared](unsigned) { return std::make_unique<Worker>(shared); });
}

sluice::Result<Server> listen_tls(const Options& options, std::string& certificate, Shared& shared) {
  if (options.tls_listen.empty()) return Server();
  sluice::http::HttpTls tls{options.tls_certificate, options.tls_key};
  if (tls.certificate_file.empty()) {
    auto made = make_certificate(options.tls_dir);
    if (!made) return tl::unexpected(made.error());
    tls = {made->certificate, made->private_key};
  }
  certificate = tls.certificate_file;
  return listen(options.tls_listen, options.threads, tls, shared);
}

void tell_ready(const Options& options, const Server& plain, const Server& tls, const std::string& certificate) {
  std::string line = "kinesim is ready on http://" + plain->address();
  nlohmann::json ready = {{"http", plain->address()}};
  if (tls) {
    line += " and https://" + tls->address() + " (certificate " + certificate + ")";
    ready["https"] = tls->address();
    ready["certificate"] = certificate;
  }
  std::fprintf(stderr, "%s\n", line.c_str());
  if (options.ready_file.empty()) return;
  // Renamed into place, so that a reader never sees half of it.
  std::ofstream(options.ready_file + ".new") << ready.dump() << "\n";
  std::rename((options.ready_file + ".new").c_str(), options.ready_file.c_str());
}

int run(const Options& options) {
  nlohmann::json config = nlohmann::json::object();
  if (!options.config.empty()) {
    auto read = read_config_file(options.config);
    if (!read) return complain(read.error().message);
    config = std::move(*read);
  }
  auto settings = make_settings(options, config);
  if (!settings) return complain(settings.error().message);

  // Blocked before the first thread, so that only this one takes them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const sluice::SystemClock clock;
  Shared shared(std::move(*settings), clock);
  if (!options.data_dir.empty()) {
    auto archive = Archive::open(options.data_dir);
    if (!archive) return complain(archive.error().message);
    if (auto loaded = (*archive)->load(shared.simulator); !loaded) return complain(loaded.error().message);
    shared.simulator.set_archive(std::move(*archive));
  }
  if (auto applied = apply_config(config, shared.simulator); !applied) return complain(applied.error().message);
  if (auto applied = apply_options(options, shared.simulator); !applied) return complain(applied.error().message);

  auto plain = listen(options.listen, options.threads, std::nullopt, shared);
  if (!plain) return complain(plain.error().message);
  std::string certificate;
  auto tls = listen_tls(options, certificate, shared);
  if (!tls) return complain(tls.error().message);
  tell_ready(options, *plain, *tls, certificate);

  int signal = 0;
  sigwait(&signals, &signal);
  shared.gate.open();
  (*plain)->drain(kDrain_ms);
  if (*tls) (*tls)->drain(kDrain_ms);
  return 0;
}

}  // namespace
}  // namespace kinesim

int main(int argc, char** argv) {
  CLI::App app("kinesim: the AWS side of Sluice for demonstrations, tests and benchmarks");
  kinesim::Options options;
  kinesim::describe(app, options);
  CLI11_PARSE(app, argc, argv);
  return kinesim::run(options);
}
