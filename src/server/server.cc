#include "server/server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "api/admin_handler.h"
#include "api/journal_watch.h"
#include "api/public_status.h"
#include "api/rendered_pages.h"
#include "api/rest_api.h"
#include "api/server_view.h"
#include "aws/server_identity.h"
#include "base/log.h"
#include "data_path/data_path.h"
#include "http_client/curl_transport.h"
#include "launchdarkly/flag_reader.h"
#include "relay/relay_handler.h"
#include "server/declared_token.h"
#include "server/descriptor_limit.h"
#include "server/destination_kinds.h"
#include "server/empty_catalog.h"
#include "server/event_id_secret.h"
#include "server/management.h"
#include "server/named_files.h"
#include "server/private_files.h"

namespace sluice::server {
namespace {

// How long the listeners wait for answers in flight when the server stops; they are sent after the next sync.
constexpr std::int64_t kListenerDrainMs = 5'000;

// The admin port serves people and scrapers: fewer and smaller than intake.
constexpr std::size_t kAdminConnections = 256;

http::HttpLimits admin_limits(std::size_t connections, std::size_t streams) {
  http::HttpLimits limits;
  limits.max_body_bytes = 1u << 20;
  limits.too_large_status = 413;
  limits.max_connections = connections;
  limits.max_connections_per_address = std::max<std::size_t>(connections / 2, 1);
  limits.max_buffered_bytes = 16u << 20;
  limits.max_streams = streams;
  return limits;
}

// What tells this server's objects and names from another's. In a container it is the container's.
std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "node";
  std::string out(name.data());
  for (char& c : out)
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.')) c = '-';
  return out;
}

// Of calls for mobile apps and browsers.
http_client::CurlTransportOptions for_clients(http_client::CurlTransportOptions options) {
  options.max_connections_per_host = relay::kMaxCallsOfSource;
  options.max_connections = relay::kMaxCalls;
  return options;
}

http_client::CurlTransportOptions transport_options(const ServerSettings& settings,
                                                    const ProcessEnvironment& environment) {
  http_client::CurlTransportOptions options = http_client::curl_transport_options(environment);
  if (!settings.ca_bundle.empty()) options.ca_bundle = settings.ca_bundle;
  options.user_agent = std::string("sluice/") + SLUICE_VERSION;
  return options;
}

}  // namespace

// In the order of construction, which is that of the flow: each part refers to those above it, and goes before them. A
// start that fails half-way leaves by the same way.
struct Server::Parts {
  explicit Parts(Configuration configuration, EnvironmentLookup lookup)
      : settings(std::move(configuration.settings)),
        environment([lookup = std::move(lookup)](const char* name) { return lookup(name); }) {}
  // Requests to AWS that are under way would hold the others up; the publisher of a start that failed half-way uses
  // parts that are declared below it, and so are destroyed first.
  ~Parts() {
    if (client_transport) client_transport->stop();
    if (transport) transport->stop();
    if (management) management->stop();
  }

  const ServerSettings settings;
  const ProcessEnvironment environment;
  const std::uint64_t descriptors = raise_descriptor_limit();
  SystemClock clock;
  std::mutex reload_mutex;  // one catalog is put in force at a time
  const std::unique_ptr<storage::FileSystem> files = storage::make_posix_file_system();
  std::unique_ptr<http_client::CurlTransport> transport;
  std::unique_ptr<http_client::CurlTransport>
      client_transport;  // what strangers cause takes no connection of the other
  std::unique_ptr<aws::ServerIdentity> identity;
  std::unique_ptr<destinations::KindParts> kind_parts;
  std::unique_ptr<data_path::DataPath> data_path;
  std::unique_ptr<relay::Relay> relay;
  std::unique_ptr<relay::ClientRequests> client_requests;
  std::unique_ptr<relay::FlagDelivery> flag_delivery;
  std::unique_ptr<Management> management;  // null: the catalog is declared in the configuration file
  std::unique_ptr<api::JournalWatch> journal_watch;
  std::unique_ptr<api::ServerView> view;  // what is shown of all this
  std::unique_ptr<api::PublicStatus> public_status;
  std::unique_ptr<api::RenderedPages> pages;
  std::unique_ptr<api::CallerGate> gate;
  std::unique_ptr<api::RestApi> api;
  std::unique_ptr<launchdarkly::FlagReader> flag_reader;
  std::unique_ptr<http::HttpServer> admin_listener;
  std::unique_ptr<http::HttpServer> intake_listener;
  bool stopped = false;

  Result<void> open_data_path(bool managed);
  void make_relay(bool managed);
  Result<void> make_gate();
  void make_api();
  http::HttpLimits intake_limits(std::size_t connections, std::size_t streams) const;
  Result<void> listen();
  void publish(const catalog::CatalogPointer& catalog);
  bool settle();
  void forward_diagnostic(const catalog::Environment& of, CredentialKind credential, const std::string& original) const;
  exporting::SinkFactory sink_factory() {
    return [this](const catalog::Destination& destination, Notifier& notifier, exporting::DeadLetterStore& dead_letters,
                  const exporting::SinkUse& use) {
      return destination_kinds().of(destination).make_sink(destination, *kind_parts, notifier, dead_letters, use);
    };
  }
};

namespace {

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
         a.http.max_connections == b.http.max_connections && a.http.max_buffered_bytes == b.http.max_buffered_bytes &&
         a.http.max_wait_ms == b.http.max_wait_ms && a.intake.max_inflated_bytes == b.intake.max_inflated_bytes &&
         a.intake.max_environment_bytes_per_s == b.intake.max_environment_bytes_per_s &&
         a.intake.path_prefix == b.intake.path_prefix && a.drain_ms == b.drain_ms && a.reuse_port == b.reuse_port &&
         a.grace_ms == b.grace_ms && a.http.max_connections_per_address == b.http.max_connections_per_address &&
         a.http.max_streams == b.http.max_streams && a.http.max_streams_per_address == b.http.max_streams_per_address &&
         a.catalog_key == b.catalog_key && a.catalog_key_file == b.catalog_key_file &&
         a.outbound_text == b.outbound_text && a.flag_file_folder == b.flag_file_folder &&
         a.core_dumps == b.core_dumps && a.launchdarkly == b.launchdarkly && a.ca_bundle == b.ca_bundle &&
         a.log_level == b.log_level && a.log_format == b.log_format;
}

}  // namespace

Result<void> Server::Parts::open_data_path(bool managed) {
  transport = std::make_unique<http_client::CurlTransport>(transport_options(settings, environment));
  identity = std::make_unique<aws::ServerIdentity>(*transport, clock, environment);
  kind_parts.reset(new destinations::KindParts{*transport, clock, environment, *identity,
                                               [this] { return data_path->catalog().current(); }, *files,
                                               settings.data_dir, host_name(), managed ? &settings.outbound : nullptr});
  auto opened = data_path::DataPath::open(
      {settings.data_dir, settings.journal, settings.intake},
      {.files = *files,
       .clock = clock,
       .make_sink = sink_factory(),
       .common_answers = [this](const http::HttpRequest& request) { return public_status->answer(request.path); },
       .sealed_in = [](storage::FileSystem& in,
                       const std::string& folder) { return destination_kinds().sealed_in(in, folder); }});
  if (!opened) return tl::unexpected(opened.error());
  data_path = std::move(*opened);
  return {};
}

// Before the first catalog is published.
void Server::Parts::make_relay(bool managed) {
  const http_client::OutboundPolicy* const policy = managed ? &settings.outbound : nullptr;
  const std::string folder =
      settings.flag_file_folder.empty() ? settings.data_dir + "/flag-files" : settings.flag_file_folder;
  relay = std::make_unique<relay::Relay>(
      relay::RelayParts{*files, *transport, clock, data_path->flags(), settings.data_dir, folder, policy});
  kind_parts->tracking = relay.get();
  client_transport =
      std::make_unique<http_client::CurlTransport>(for_clients(transport_options(settings, environment)));
  client_requests = std::make_unique<relay::ClientRequests>(relay::ClientRequestParts{
      *client_transport, clock, data_path->flags(), policy, settings.http.max_streams_per_address > 0});
  flag_delivery.reset(new relay::FlagDelivery{*relay, *client_requests, data_path->catalog(), clock,
                                              data_path->intake_metrics().sdks, settings.intake.path_prefix});
  data_path->subscribe([this](const catalog::CatalogPointer& catalog) { relay->apply(catalog); });
}

// On intake's loops.
void Server::Parts::forward_diagnostic(const catalog::Environment& of, CredentialKind credential,
                                       const std::string& original) const {
  const catalog::CatalogPointer catalog = data_path->catalog().current();
  for (const catalog::Destination& destination : catalog->destinations())
    if (destination.on && destination.wants_originals && destination.environment_id == of.id)
      destination_kinds().of(destination).forward_unstored(destination, *kind_parts, credential, original);
}

// On the thread of who changes the catalog.
void Server::Parts::publish(const catalog::CatalogPointer& catalog) {
  if (view->phase == api::ServerPhase::draining) return;  // it is in force at the next start
  data_path->publish(catalog);
}

// On the publisher's worker. False: not done, to be tried again.
bool Server::Parts::settle() {
  const std::lock_guard lock(reload_mutex);
  if (view->phase == api::ServerPhase::draining) return true;
  const auto done = data_path->settle();
  if (!done) log_error("catalog.not_applied", {{"message", done.error().message}});
  return done.has_value();
}

Result<void> Server::Parts::make_gate() {
  api::CallerLookup lookup;
  if (management) {
    lookup = {[this](std::string_view token) { return management->tokens().caller(token); },
              [this](ObjectId token_id) { return management->tokens().caller(token_id); }};
  } else {
    const auto token = declared_token(*files, settings.data_dir, settings.admin_token);
    if (!token) return tl::unexpected(token.error());
    lookup = lookup_of(*token);
  }
  gate = std::make_unique<api::CallerGate>(std::move(lookup), clock, settings.max_calls_per_s);
  if (management) gate->keep_sessions(*files, settings.data_dir + "/sessions");
  return {};
}

void Server::Parts::make_api() {
  if (!management) {
    api = std::make_unique<api::RestApi>(*view, *gate);
    return;
  }
  api = std::make_unique<api::RestApi>(
      api::RestContext{clock, *view, data_path->journal(), *files, settings.data_dir, management->catalog(),
                       management->store(), management->tokens(), management->roles(), data_path->flags(),
                       data_path->exporter(), sink_factory(), destination_kinds(), *kind_parts,
                       !settings.admin_tls.certificate_file.empty()},
      *gate);
}

// Intake's limits, as far as there are descriptors for them.
http::HttpLimits Server::Parts::intake_limits(std::size_t connections, std::size_t streams) const {
  http::HttpLimits limits = settings.http;
  limits.max_streams = streams;
  limits.max_streams_per_address = std::min(limits.max_streams_per_address, std::max<std::size_t>(streams / 2, 1));
  limits.max_streams_per_owner = std::max<std::size_t>(streams / 2, 1);
  if (connections == limits.max_connections && streams == settings.http.max_streams) return limits;
  log_warn("process.connections_limited",
           {{"wanted", limits.max_connections},
            {"connections", connections},
            {"wanted_streams", settings.http.max_streams},
            {"streams", streams},
            {"descriptors", descriptors},
            {"message",
             "The limit of file descriptors allows fewer connections or streams of SDKs than intake.max_connections "
             "and intake.max_streams. Raise it: ulimit -n, or LimitNOFILE= of the service."}});
  limits.max_connections = connections;
  limits.max_connections_per_address =
      std::min(limits.max_connections_per_address, std::max<std::size_t>(connections / 2, 1));
  return limits;
}

Result<void> Server::Parts::listen() {
  const ConnectionShares shares = share_descriptors(descriptors, {settings.http.max_connections, kAdminConnections,
                                                                  settings.http.max_streams, api::kMaxEventStreams});
  auto admin = http::HttpServer::start(settings.admin_listen, 1, admin_limits(shares.admin, shares.admin_streams),
                                       tls_of(settings.admin_tls), [this](unsigned) {
                                         return std::make_unique<api::AdminHandler>(*public_status, *pages, *gate,
                                                                                    settings.admin_access, *api);
                                       });
  if (!admin) return tl::unexpected(admin.error());
  admin_listener = std::move(*admin);
  auto intake = http::HttpServer::start(
      settings.intake_listen, static_cast<unsigned>(settings.intake_loops),
      intake_limits(shares.intake, shares.intake_streams), tls_of(settings.intake_tls),
      [this](unsigned) { return relay::make_relay_handler(*flag_delivery, data_path->intake().make_handler()); },
      {settings.reuse_port});
  if (!intake) return tl::unexpected(intake.error());
  intake_listener = std::move(*intake);
  view->intake_listener = intake_listener.get();
  return {};
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::start(Configuration configuration, EnvironmentLookup environment) {
  catalog::CatalogPointer catalog = configuration.catalog;
  const bool managed = catalog->projects().empty();
  auto parts = std::make_unique<Parts>(std::move(configuration), std::move(environment));
  Parts& p = *parts;

  config::ConfigFaults faults;
  check_named_files(p.settings, managed, p.environment, faults);
  if (!faults.empty()) return fail(fmt::format("{}: {}", faults.all()[0].place, faults.all()[0].message));
  if (const auto created = p.files->make_directory(p.settings.data_dir); !created)
    return fail(
        fmt::format("The data directory {} cannot be created: {}. Create it for the user that Sluice runs as (`install "
                    "-d -m 700 -o "
                    "{} -g {} {}`), or choose another with --data-dir.",
                    p.settings.data_dir, created.error().message, ::geteuid(), ::getegid(), p.settings.data_dir));
  if (auto kept = keep_files_private(p.settings.data_dir); !kept) return tl::unexpected(kept.error());
  if (auto opened = p.open_data_path(managed); !opened) return tl::unexpected(opened.error());
  p.make_relay(managed);
  if (managed) {
    if (!p.settings.accept_empty_catalog && !has_catalog_file(p.settings.data_dir))
      if (auto checked = check_empty_catalog(p.settings.data_dir, *p.files, p.data_path->journal(), nullptr); !checked)
        return tl::unexpected(checked.error());
    auto management = Management::open(p.settings, p.clock);
    if (!management) return tl::unexpected(management.error());
    p.management = std::move(*management);
    catalog = p.management->catalog().snapshot();
    p.management->finish_deletions(*p.data_path);
    if (!p.settings.accept_empty_catalog && catalog->projects().empty())
      if (auto checked =
              check_empty_catalog(p.settings.data_dir, *p.files, p.data_path->journal(), &p.management->store());
          !checked)
        return tl::unexpected(checked.error());
  }
  const auto secret =
      managed ? stored_event_id_secret(p.management->store()) : kept_event_id_secret(*p.files, p.settings.data_dir);
  if (!secret) return tl::unexpected(secret.error());
  using data_path::DeletedDestinations;
  if (auto started =
          p.data_path->start(catalog, managed ? DeletedDestinations::forget : DeletedDestinations::set_aside, *secret);
      !started)
    return tl::unexpected(started.error());
  p.data_path->intake().forward_diagnostic = [&p](const catalog::Environment& of, CredentialKind credential,
                                                  const std::string& original) {
    p.forward_diagnostic(of, credential, original);
  };
  p.journal_watch = std::make_unique<api::JournalWatch>(p.data_path->journal(), p.data_path->catalog(), p.clock);
  p.view.reset(new api::ServerView{p.clock, p.data_path->catalog(), p.data_path->flags(), *p.journal_watch,
                                   destination_kinds(), p.data_path->exporter(), p.data_path->intake_metrics(),
                                   p.clock.wall_ms(), &p.files->unsaved(), p.relay.get(), p.client_requests.get()});
  p.public_status = std::make_unique<api::PublicStatus>(*p.view);
  p.pages = std::make_unique<api::RenderedPages>(api::admin_pages(*p.view), p.clock);
  if (auto made = p.make_gate(); !made) return tl::unexpected(made.error());
  if (managed) {
    p.management->start(
        p.data_path->exporter(), [&p](const catalog::CatalogPointer& changed) { p.publish(changed); },
        [&p] { return p.settle(); }, p.files->unsaved());
  }
  p.make_api();
  if (!p.settings.launchdarkly.api_token.empty())
    p.flag_reader = std::make_unique<launchdarkly::FlagReader>(p.settings.launchdarkly, *p.transport, p.clock,
                                                               p.data_path->catalog(), p.data_path->flags());
  if (auto listening = p.listen(); !listening) return tl::unexpected(listening.error());
  if (p.management)
    if (auto admin = p.management->tokens().ensure_admin(p.settings.admin_token); !admin)
      return tl::unexpected(admin.error());
  p.view->phase = api::ServerPhase::ready;
  p.public_status->render();
  p.data_path->deliver();
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

std::string Server::intake_address() const { return parts_->intake_listener->address(); }
std::string Server::first_admin_token() const {
  return parts_->management ? parts_->management->tokens().first_token() : "";
}
std::string Server::admin_address() const { return parts_->admin_listener->address(); }

Result<void> Server::reload(const Configuration& configuration) {
  const std::lock_guard lock(parts_->reload_mutex);
  if (!same_settings(parts_->settings, configuration.settings)) {
    log_warn("config.restart_needed",
             {{"message",
               "Some changed settings need a restart. Projects, environments and destinations were applied now."}});
  }
  renew("intake", *parts_->intake_listener, parts_->settings.intake_tls);
  renew("admin", *parts_->admin_listener, parts_->settings.admin_tls);
  if ((parts_->management != nullptr) != configuration.catalog->projects().empty()) {
    log_warn("config.restart_needed",
             {{"message",
               "Projects in the configuration file take the place of the managed catalog, or give it its place back, "
               "only with a restart. Until then nothing changes."}});
    return {};
  }
  if (parts_->management) return {};
  return parts_->data_path->put_in_force(configuration.catalog);
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
  p.relay->stop();
  p.client_transport->stop();
  p.data_path->drain(p.settings.drain_ms);
  p.transport->stop();  // pending credentials requests are answered now, so that nothing waits for them
  p.flag_reader.reset();
  p.api->stop();
  if (p.management) p.management->stop();
  p.view->intake_listener = nullptr;
  p.admin_listener->drain(kListenerDrainMs);
  p.pages->stop();
  p.data_path->close();
}

}  // namespace sluice::server
