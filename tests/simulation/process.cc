#include "process.h"

#include <fmt/format.h>

#include <utility>

#include "aws/credentials_sources.h"
#include "base/check.h"
#include "base/process_environment.h"
#include "http/request_parser.h"
#include "server/destination_kinds.h"
#include "server/event_id_secret.h"

namespace sluice::simulation {
namespace {

constexpr const char* kDataDirectory = "/data";
constexpr const char* kAdminToken = "api-simulated";
constexpr const char* kPrincipal = "arn:aws:iam::999999999999:role/sluice";
// Far more often than the default, so that a short run has some rounds.
constexpr std::int64_t kFlagRefreshMs = 15'000;

// What was asked is answered with the next sync.
constexpr std::int64_t kListenerDrainUs = 100'000;

// A request with what its views point into, for as long as it is not answered.
class Exchange final : public http::HttpResponder::Target {
 public:
  Exchange(std::string bytes, http::ByteBudget& budget, Process::Answered answered)
      : bytes_(std::move(bytes)), parser_(limits_, budget), answered_(std::move(answered)) {
    parser_.begin();
    std::string_view rest = bytes_;
    http::RequestParser::Step step = http::RequestParser::Step::more;
    while (step == http::RequestParser::Step::more || step == http::RequestParser::Step::header)
      step = parser_.feed(rest);
    SLUICE_CHECK(step == http::RequestParser::Step::complete, "a simulated request is complete");
    parser_.describe(request_);
    request_.peer = "192.0.2.1";
  }
  void respond(http::HttpResponse response) override { answered_(response); }
  const http::HttpRequest& request() const { return request_; }

 private:
  const http::HttpLimits limits_;
  const std::string bytes_;
  http::RequestParser parser_;
  http::HttpRequest request_;
  Process::Answered answered_;
};

}  // namespace

Process::Process(World world, const journal::JournalLimits& limits, const intake::IntakeLimits& intake,
                 bool reads_flags)
    : world_(world) {
  settings_.data_dir = kDataDirectory;
  settings_.journal = limits;
  settings_.intake = intake;
  settings_.admin_token = kAdminToken;
  if (reads_flags) settings_.launchdarkly.api_token = "api-reader";
  settings_.launchdarkly.refresh_ms = kFlagRefreshMs;
}

Process::~Process() = default;

exporting::SinkFactory Process::sink_factory() {
  return [this](const catalog::Destination& destination, Notifier& notifier, exporting::DeadLetterStore& dead_letters,
                const exporting::SinkUse& use) {
    return server::destination_kinds()
        .of(destination)
        .make_sink(destination, *kind_parts_, notifier, dead_letters, use);
  };
}

Result<void> Process::open_data_path() {
  own_credentials_ = std::make_shared<aws::CredentialsCache>(
      std::make_unique<aws::StaticSource>("AKIDOWN", "secret", "", "simulation"), world_.clock, nullptr,
      world_.scheduler);
  identity_ = std::make_unique<aws::ServerIdentity>(world_.cloud, world_.clock, empty_environment(), own_credentials_,
                                                    std::string(kPrincipal));
  kind_parts_.reset(new destinations::KindParts{world_.cloud, world_.clock, empty_environment(), *identity_,
                                                [this] { return data_path_->catalog().current(); }, world_.files,
                                                kDataDirectory, "node", nullptr, world_.scheduler});
  auto opened = data_path::DataPath::open(
      {settings_.data_dir, settings_.journal, settings_.intake},
      {world_.files, world_.clock, sink_factory(),
       [this](const http::HttpRequest& request) { return public_status_->answer(request.path); }, world_.scheduler,
       [](storage::FileSystem& in, const std::string& folder) {
         return server::destination_kinds().sealed_in(in, folder);
       }});
  if (!opened) return tl::unexpected(opened.error());
  data_path_ = std::move(*opened);
  return {};
}

Result<void> Process::start() {
  if (auto opened = open_data_path(); !opened) return opened;
  auto management = server::Management::open(world_.database.connect(), settings_, world_.clock, world_.scheduler);
  if (!management) return tl::unexpected(management.error());
  management_ = std::move(*management);
  management_->finish_deletions(*data_path_);
  // AssumeRole would wait for it, in the only thread.
  while (!own_credentials_->current()) world_.scheduler.run_for(1000);
  const auto secret = server::stored_event_id_secret(management_->store());
  if (!secret) return tl::unexpected(secret.error());
  if (auto started =
          data_path_->start(management_->catalog().snapshot(), data_path::DeletedDestinations::forget, *secret);
      !started)
    return started;
  show();
  management_->start(
      data_path_->exporter(), [this](const catalog::CatalogPointer& changed) { publish(changed); },
      [this] { return settle(); }, world_.files.unsaved());
  make_api();
  if (!settings_.launchdarkly.api_token.empty())
    flag_reader_ =
        std::make_unique<launchdarkly::FlagReader>(settings_.launchdarkly, world_.cloud, world_.clock,
                                                   data_path_->catalog(), data_path_->flags(), world_.scheduler);
  admin_handler_ = std::make_unique<api::AdminHandler>(*public_status_, *pages_, *gate_, settings_.admin_access, *api_);
  view_->phase = api::ServerPhase::ready;
  public_status_->render();
  intake_handler_ = data_path_->intake().make_handler();
  listens_ = true;
  if (auto admin = management_->tokens().ensure_admin(settings_.admin_token); !admin) return admin;
  data_path_->deliver();
  return {};
}

void Process::show() {
  journal_watch_ =
      std::make_unique<api::JournalWatch>(data_path_->journal(), data_path_->catalog(), world_.clock, world_.scheduler);
  view_.reset(new api::ServerView{world_.clock, data_path_->catalog(), data_path_->flags(), *journal_watch_,
                                  server::destination_kinds(), data_path_->exporter(), data_path_->intake_metrics(),
                                  world_.clock.wall_ms()});
  public_status_ = std::make_unique<api::PublicStatus>(*view_, world_.scheduler);
  pages_ = std::make_unique<api::RenderedPages>(api::admin_pages(*view_), world_.clock, world_.scheduler);
}

void Process::make_api() {
  gate_ = std::make_unique<api::CallerGate>(
      api::CallerLookup{[this](std::string_view token) { return management_->tokens().caller(token); },
                        [this](ObjectId token_id) { return management_->tokens().caller(token_id); }},
      world_.clock, settings_.max_calls_per_s);
  api_ = std::make_unique<api::RestApi>(
      api::RestContext{world_.clock, *view_, data_path_->journal(), world_.files, settings_.data_dir,
                       management_->catalog(), management_->store(), management_->tokens(), management_->roles(),
                       data_path_->flags(), data_path_->exporter(), sink_factory(), server::destination_kinds(),
                       *kind_parts_},
      *gate_, world_.scheduler);
}

void Process::publish(const catalog::CatalogPointer& catalog) {
  if (view_->phase != api::ServerPhase::draining) data_path_->publish(catalog);
}

bool Process::settle() {
  if (view_->phase == api::ServerPhase::draining) return true;
  return data_path_->settle().has_value();
}

void Process::request(std::string bytes, Answered answered) {
  const auto exchange = std::make_shared<Exchange>(std::move(bytes), bodies_, std::move(answered));
  intake_handler_->handle(exchange->request(), http::HttpResponder(exchange));
}

void Process::admin(std::string_view method, std::string_view path, std::string_view body, Answered answered) {
  const auto exchange = std::make_shared<Exchange>(
      fmt::format("{} {} HTTP/1.1\r\nHost: sluice\r\nAuthorization: {}\r\nContent-Type: application/json\r\n"
                  "Content-Length: {}\r\n\r\n{}",
                  method, path, kAdminToken, body.size(), body),
      admin_bodies_, std::move(answered));
  admin_handler_->handle(exchange->request(), http::HttpResponder(exchange));
}

// As Server::stop().
void Process::give_up_start() {
  if (data_path_) data_path_->journal().close();
}

void Process::stop(std::int64_t drain_ms) {
  view_->phase = api::ServerPhase::draining;
  listens_ = false;
  world_.scheduler.run_for(kListenerDrainUs);
  data_path_->drain(drain_ms);
  flag_reader_.reset();
  api_->stop();
  management_->stop();
  pages_->stop();
  data_path_->close();
}

}  // namespace sluice::simulation
