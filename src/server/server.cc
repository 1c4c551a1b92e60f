#include "server/server.h"

#include <fmt/format.h>

#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "api/access_tokens.h"
#include "api/admin_handler.h"
#include "api/rest_api.h"
#include "api/server_view.h"
#include "api/status.h"
#include "aws/caller_identity.h"
#include "aws/default_chain.h"
#include "aws/endpoints.h"
#include "base/log.h"
#include "base/text_file.h"
#include "catalog/key_expiry.h"
#include "catalog/managed_catalog.h"
#include "catalog/sqlite_store.h"
#include "flags/flag_store.h"
#include "http_client/curl_transport.h"
#include "intake/handler.h"
#include "kinesis/make_kinesis_sink.h"
#include "kinesis/settings_check.h"
#include "launchdarkly/flag_reader.h"
#include "server/catalog_publisher.h"
#include "server/private_files.h"
#include "server/usage_keeper.h"

namespace sluice::server {
namespace {

// How long the listeners wait for answers that are under way when the server stops; they come with the next sync.
constexpr std::int64_t kListenerDrainMs = 5'000;
constexpr std::size_t kMaxKeyFileBytes = 64 << 10;

// The admin port serves people and scrapers: fewer and smaller than intake.
http::HttpLimits admin_limits() {
  http::HttpLimits limits;
  limits.max_body_bytes = 1u << 20;
  limits.too_large_status = 413;
  limits.max_connections = 256;
  limits.max_connections_per_address = 128;
  limits.max_buffered_bytes = 16u << 20;
  return limits;
}

http_client::CurlTransportOptions transport_options(const ServerSettings& settings,
                                                    const ProcessEnvironment& environment) {
  http_client::CurlTransportOptions options = http_client::curl_transport_options(environment);
  if (!settings.ca_bundle.empty()) options.ca_bundle = settings.ca_bundle;
  options.user_agent = std::string("sluice/") + SLUICE_VERSION;
  return options;
}

Result<catalog::DocumentCipher> catalog_cipher(const ServerSettings& settings) {
  if (!settings.catalog_key.empty()) return catalog::DocumentCipher::parse(settings.catalog_key);
  if (settings.catalog_key_file.empty()) return catalog::DocumentCipher();
  const auto text = read_text_file(settings.catalog_key_file, kMaxKeyFileBytes);
  if (!text)
    return fail(fmt::format("The catalog's key cannot be read: {}. Mend catalog.key_file.", text.error().message));
  auto cipher = catalog::DocumentCipher::parse(*text);
  if (!cipher)
    return fail(
        fmt::format("The catalog's key file {} cannot be used: {}", settings.catalog_key_file, cipher.error().message));
  return cipher;
}

}  // namespace

// In the order of the flow; destroyed in the opposite order.
struct Server::Parts {
  ServerSettings settings;
  ProcessEnvironment environment;
  SystemClock clock;
  std::unique_ptr<storage::FileSystem> files = storage::make_posix_file_system();
  catalog::Catalog catalog;
  flags::FlagRegistry flags;
  std::unique_ptr<flags::FlagStore> flag_store;
  std::unique_ptr<journal::Journal> journal;
  std::unique_ptr<http_client::CurlTransport> transport;
  // Null all: the catalog is declared in the configuration file.
  std::unique_ptr<catalog::CatalogStore> store;
  std::unique_ptr<catalog::ManagedCatalog> managed;
  std::unique_ptr<api::CustomRoles> roles;
  std::unique_ptr<api::AccessTokens> tokens;
  std::unique_ptr<CatalogPublisher> publisher;
  std::unique_ptr<catalog::KeyExpirer> key_expirer;
  std::unique_ptr<api::RestApi> api;
  std::unique_ptr<launchdarkly::FlagReader> flag_reader;
  std::unique_ptr<aws::CallerIdentityCache> identity;
  std::mutex own_mutex;
  std::shared_ptr<aws::CredentialsCache> own_credentials;
  std::unique_ptr<exporting::Exporter> exporter;
  std::unique_ptr<UsageKeeper> usage;
  intake::IntakeMetrics intake_metrics;
  std::unique_ptr<intake::IntakeDeadLetters> intake_dead_letters;
  std::unique_ptr<api::ServerView> view;
  std::unique_ptr<intake::Intake> intake;
  std::unique_ptr<http::HttpServer> admin_listener;
  std::unique_ptr<http::HttpServer> intake_listener;
  std::mutex reload_mutex;
  bool stopped = false;

  std::shared_ptr<const aws::Credentials> own_credentials_now() {
    const std::lock_guard lock(own_mutex);
    return own_credentials->current();
  }

  // With the first destination that is on: a server without one asks nobody for credentials.
  void find_own_identity(const catalog::KinesisSettings& kinesis) {
    const std::lock_guard lock(own_mutex);  // the cache's thread calls back before it is assigned here
    if (own_credentials) return;
    const bool allowed = !managed || kinesis::check_kinesis_endpoints(kinesis, settings.allowed_endpoints).empty();
    const auto sts =
        aws::sts_endpoint({kinesis.region, false, false, allowed ? kinesis.sts_endpoint : std::string()}, environment);
    if (sts) identity = std::make_unique<aws::CallerIdentityCache>(*transport, clock, *sts, kinesis.region);
    own_credentials = std::make_shared<aws::CredentialsCache>(
        aws::default_chain({*transport, clock, environment, kinesis.region}), clock, [this] {
          const auto credentials = own_credentials_now();
          if (credentials && identity) identity->learn(*credentials);
        });
  }

  Result<void> open_managed_catalog() {
    auto cipher = catalog_cipher(settings);
    if (!cipher) return tl::unexpected(cipher.error());
    auto opened = catalog::open_sqlite_store(settings.data_dir + "/catalog.db", std::move(*cipher));
    if (!opened) return tl::unexpected(opened.error());
    store = std::move(*opened);
    auto catalog_opened = catalog::ManagedCatalog::open(
        *store, kinesis::check_kinesis_settings, [this] { publisher->changed(); },
        [this](const catalog::KinesisSettings& kinesis) {
          return kinesis::check_kinesis_endpoints(kinesis, settings.allowed_endpoints);
        });
    if (!catalog_opened) return tl::unexpected(catalog_opened.error());
    managed = std::move(*catalog_opened);
    auto roles_opened = api::CustomRoles::open(*store);
    if (!roles_opened) return tl::unexpected(roles_opened.error());
    roles = std::move(*roles_opened);
    auto tokens_opened = api::AccessTokens::open(*store, *roles, clock, settings.admin_token);
    if (!tokens_opened) return tl::unexpected(tokens_opened.error());
    tokens = std::move(*tokens_opened);
    return {};
  }

  // One thread at a time.
  Result<void> put_in_force(const catalog::CatalogPointer& snapshot) {
    // Keys first: an SDK whose key is new must not be told 401 while destinations change.
    flags.apply(*snapshot);
    const catalog::CatalogPointer before = catalog.current();
    catalog.publish(snapshot);
    if (auto applied = exporter->apply(*snapshot); !applied || !managed) return applied;
    // In a configuration file a destination may come back; one that was deleted here does not.
    std::set<ObjectId> left;
    for (const catalog::Destination& destination : snapshot->destinations()) left.insert(destination.id);
    for (const catalog::Destination& destination : before->destinations())
      if (!left.contains(destination.id)) exporter->forget(destination.id);
    return {};
  }

  std::string principal(const catalog::KinesisSettings& kinesis) {
    if (aws::is_known_region(kinesis.region)) find_own_identity(kinesis);
    const std::lock_guard lock(own_mutex);
    return identity ? identity->principal() : std::string();
  }

  kinesis::KinesisParts kinesis_parts(const catalog::Destination& destination) {
    find_own_identity(destination.kinesis);
    kinesis::KinesisParts parts{*transport, clock, environment, own_credentials,
                                [this] { return identity ? identity->principal() : std::string(); }};
    parts.allowance = managed ? &settings.allowed_endpoints : nullptr;
    return parts;
  }

  std::unique_ptr<exporting::Sink> make_sink(const catalog::Destination& destination, Notifier& notifier,
                                             exporting::DeadLetterStore& dead_letters) {
    return kinesis::make_kinesis_sink(destination, kinesis_parts(destination), notifier, dead_letters);
  }

  std::vector<kinesis::CheckStep> check(const catalog::Destination& destination,
                                        const std::function<exporting::TestEventOutcome()>& put) {
    return kinesis::check_destination(destination, kinesis_parts(destination), put);
  }
};

namespace {

// What both ports answer the same way, but that the intake port, which may face the internet, tells no names.
http::HttpResponse common_answer(const api::ServerView& view, const http::HttpRequest& request) {
  if (request.path.ends_with("/healthz")) return api::health_answer();
  if (request.path.ends_with("/readyz")) return api::ready_answer(view);
  http::HttpResponse response;
  response.content_type = "application/json";
  response.body = api::public_status_json(view);
  return response;
}

std::optional<http::HttpTls> tls_of(const http::HttpTls& settings) {
  return settings.certificate_file.empty() ? std::nullopt : std::optional(settings);
}

// A listener's certificate, read again: it is renewed under the same name.
void renew(const char* which, http::HttpServer& listener, const http::HttpTls& tls) {
  if (tls.certificate_file.empty()) return;
  if (const auto renewed = listener.renew_tls(tls); !renewed) {
    log_error("tls.not_renewed", {{"listener", which}, {"reason", renewed.error().message}});
  } else {
    log_info("tls.renewed", {{"listener", which}, {"certificate", tls.certificate_file}});
  }
}

// Settings that a reload leaves as they are.
bool same_settings(const ServerSettings& a, const ServerSettings& b) {
  return a.data_dir == b.data_dir && a.intake_listen == b.intake_listen && a.admin_listen == b.admin_listen &&
         a.intake_tls == b.intake_tls && a.admin_tls == b.admin_tls && a.intake_loops == b.intake_loops &&
         a.journal.segment_bytes == b.journal.segment_bytes && a.journal.max_bytes == b.journal.max_bytes &&
         a.journal.min_free_bytes == b.journal.min_free_bytes && a.journal.retention_ms == b.journal.retention_ms &&
         a.journal.dedupe_window_ms == b.journal.dedupe_window_ms && a.http.max_body_bytes == b.http.max_body_bytes &&
         a.http.max_connections == b.http.max_connections &&
         a.intake.max_inflated_bytes == b.intake.max_inflated_bytes &&
         a.intake.max_environment_bytes_per_s == b.intake.max_environment_bytes_per_s &&
         a.intake.path_prefix == b.intake.path_prefix && a.drain_ms == b.drain_ms && a.reuse_port == b.reuse_port &&
         a.grace_ms == b.grace_ms && a.http.max_connections_per_address == b.http.max_connections_per_address &&
         a.catalog_key == b.catalog_key && a.catalog_key_file == b.catalog_key_file &&
         a.allowed_endpoints_text == b.allowed_endpoints_text && a.core_dumps == b.core_dumps &&
         a.launchdarkly == b.launchdarkly && a.ca_bundle == b.ca_bundle && a.log_level == b.log_level &&
         a.log_format == b.log_format;
}

}  // namespace

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::start(Configuration configuration, EnvironmentLookup environment) {
  auto parts = std::make_unique<Parts>();
  Parts& p = *parts;
  p.settings = std::move(configuration.settings);
  p.environment = [environment = std::move(environment)](const char* name) { return environment(name); };

  if (const auto made = p.files->make_directory(p.settings.data_dir); !made)
    return fail(fmt::format(
        "The data directory {} cannot be made: {}. Choose another with --data-dir, or mend its permissions.",
        p.settings.data_dir, made.error().message));
  if (auto kept = keep_files_private(p.settings.data_dir); !kept) return tl::unexpected(kept.error());
  auto journal = journal::Journal::open(p.settings.data_dir + "/journal", p.settings.journal, *p.files, p.clock);
  if (!journal) return tl::unexpected(journal.error());
  p.journal = std::move(*journal);

  auto flag_store = flags::FlagStore::open(p.settings.data_dir + "/flags.json", p.flags, *p.files);
  if (!flag_store) return tl::unexpected(flag_store.error());
  p.flag_store = std::move(*flag_store);

  p.transport = std::make_unique<http_client::CurlTransport>(transport_options(p.settings, p.environment));
  p.exporter = std::make_unique<exporting::Exporter>(
      *p.journal, *p.files, p.clock, p.settings.data_dir,
      [&p](const catalog::Destination& destination, Notifier& notifier, exporting::DeadLetterStore& dead_letters) {
        return p.make_sink(destination, notifier, dead_letters);
      });
  catalog::CatalogPointer snapshot = configuration.catalog;
  if (snapshot->projects().empty()) {
    if (auto opened = p.open_managed_catalog(); !opened) return tl::unexpected(opened.error());
    snapshot = p.managed->snapshot();
    p.exporter->forget_all_but(*snapshot);
  }
  if (auto repaired = p.exporter->repair_cursors(); !repaired) return tl::unexpected(repaired.error());
  if (auto applied = p.exporter->apply(*snapshot); !applied) return tl::unexpected(applied.error());
  p.journal->drop_hold(journal::kStartingHold);

  p.intake_dead_letters = std::make_unique<intake::IntakeDeadLetters>(*p.files, p.settings.data_dir + "/dead-letters",
                                                                      p.settings.intake, p.intake_metrics);
  p.view.reset(
      new api::ServerView{p.clock, p.catalog, p.flags, *p.journal, *p.exporter, p.intake_metrics, p.clock.wall_ms()});
  p.intake = std::make_unique<intake::Intake>(
      p.catalog, p.flags, *p.journal, p.clock, p.intake_metrics, *p.intake_dead_letters, p.settings.intake,
      [&p](const http::HttpRequest& request) { return common_answer(*p.view, request); });
  p.flags.apply(*snapshot);
  p.catalog.publish(snapshot);
  if (p.managed) {
    p.usage = std::make_unique<UsageKeeper>(
        *p.store, [&p] { return p.exporter->delivered(); }, p.clock);
    p.publisher = std::make_unique<CatalogPublisher>(p.clock, [&p] {
      const std::lock_guard lock(p.reload_mutex);
      if (p.view->phase == api::ServerPhase::draining) return true;  // it is in force at the next start
      if (p.key_expirer) p.key_expirer->changed();
      const auto done = p.put_in_force(p.managed->snapshot());
      if (!done) log_error("catalog.not_applied", {{"message", done.error().message}});
      return done.has_value();
    });
    {
      const std::lock_guard lock(p.reload_mutex);  // the publisher notifies it
      p.key_expirer = std::make_unique<catalog::KeyExpirer>(*p.managed, p.clock);
    }
    p.api = std::make_unique<api::RestApi>(api::RestContext{
        p.clock, *p.view, *p.journal, *p.files, p.settings.data_dir, *p.managed, *p.store, *p.tokens, *p.roles, p.flags,
        *p.exporter,
        [&p](const catalog::Destination& destination, Notifier& notifier, exporting::DeadLetterStore& dead_letters) {
          return p.make_sink(destination, notifier, dead_letters);
        },
        [&p](const catalog::Destination& destination, const std::function<exporting::TestEventOutcome()>& put) {
          return p.check(destination, put);
        },
        [&p](const catalog::KinesisSettings& settings) { return p.principal(settings); },
        !p.settings.admin_tls.certificate_file.empty(), p.settings.max_calls_per_s});
  }
  if (!p.settings.launchdarkly.api_token.empty())
    p.flag_reader =
        std::make_unique<launchdarkly::FlagReader>(p.settings.launchdarkly, *p.transport, p.clock, p.catalog, p.flags);

  auto admin =
      http::HttpServer::start(p.settings.admin_listen, 1, admin_limits(), tls_of(p.settings.admin_tls),
                              [&p](unsigned) { return std::make_unique<api::AdminHandler>(*p.view, p.api.get()); });
  if (!admin) return tl::unexpected(admin.error());
  p.admin_listener = std::move(*admin);
  p.view->phase = api::ServerPhase::ready;
  auto intake = http::HttpServer::start(p.settings.intake_listen, static_cast<unsigned>(p.settings.intake_loops),
                                        p.settings.http, tls_of(p.settings.intake_tls),
                                        [&p](unsigned) { return p.intake->make_handler(); }, {p.settings.reuse_port});
  if (!intake) return tl::unexpected(intake.error());
  p.intake_listener = std::move(*intake);
  p.view->intake_listener = p.intake_listener.get();
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

std::string Server::intake_address() const { return parts_->intake_listener->address(); }
std::string Server::first_admin_token() const { return parts_->tokens ? parts_->tokens->first_token() : ""; }
std::string Server::admin_address() const { return parts_->admin_listener->address(); }

Result<void> Server::reload(const Configuration& configuration) {
  const std::lock_guard lock(parts_->reload_mutex);
  if (!same_settings(parts_->settings, configuration.settings)) {
    log_warn(
        "config.restart_needed",
        {{"message",
          "Settings changed that only a restart takes up. Projects, environments and destinations are taken up now."}});
  }
  renew("intake", *parts_->intake_listener, parts_->settings.intake_tls);
  renew("admin", *parts_->admin_listener, parts_->settings.admin_tls);
  if ((parts_->managed != nullptr) != configuration.catalog->projects().empty()) {
    log_warn("config.restart_needed",
             {{"message",
               "Projects in the configuration file take the place of the managed catalog, or give it its place back, "
               "only with a restart. Until then nothing changes."}});
    return {};
  }
  if (parts_->managed) return {};
  return parts_->put_in_force(configuration.catalog);
}

void Server::stop() {
  Parts& p = *parts_;
  if (p.stopped) return;
  p.stopped = true;
  {
    const std::lock_guard lock(p.reload_mutex);  // no destination is started from here on
    p.view->phase = api::ServerPhase::draining;
  }
  p.intake_listener->drain(kListenerDrainMs, p.settings.grace_ms);
  p.exporter->drain(p.settings.drain_ms);
  p.transport->stop();  // what still asks AWS for credentials is answered now, and nobody waits for it
  p.flag_reader.reset();
  if (p.api) p.api->stop();
  p.key_expirer.reset();
  p.usage.reset();
  p.view->intake_listener = nullptr;
  p.admin_listener->drain(kListenerDrainMs);
  p.journal->close();
}

}  // namespace sluice::server
