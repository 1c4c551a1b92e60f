// One life of a Sluice process: all that the server builds (src/server/server.cc), with every worker, over a simulated
// disk, database and network. Of the sockets alone nothing is there. It is made when the process starts and destroyed
// when it ends or dies.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/admin_handler.h"
#include "api/journal_watch.h"
#include "api/public_status.h"
#include "api/rendered_pages.h"
#include "api/rest_api.h"
#include "api/server_view.h"
#include "aws/credentials.h"
#include "aws/server_identity.h"
#include "base/clock.h"
#include "base/result.h"
#include "catalog/snapshot.h"
#include "cloud.h"
#include "data_path/data_path.h"
#include "database.h"
#include "destinations/kind.h"
#include "http/byte_budget.h"
#include "http/server.h"
#include "launchdarkly/flag_reader.h"
#include "scheduler.h"
#include "server/management.h"
#include "server/settings.h"
#include "storage/file_system.h"

namespace sluice::simulation {

// All of it outlives the process.
struct World {
  storage::FileSystem& files;
  const ManualClock& clock;
  Scheduler& scheduler;
  Cloud& cloud;
  Database& database;
};

class Process {
 public:
  using Answered = std::function<void(const http::HttpResponse&)>;

  // With `reads_flags`, names of flags are read from LaunchDarkly.
  Process(World world, const journal::JournalLimits& limits, const intake::IntakeLimits& intake, bool reads_flags);
  ~Process();

  // An error is what the process would say before it ends.
  Result<void> start();
  // After an error: what ends with the process is written. It may die of that, which it must not in its destructor.
  void give_up_start();
  // Whether a connection would be taken.
  bool listens() const { return listens_; }
  // A request comes to the intake port. `answered` may be called later, and is not when the process dies before.
  void request(std::string bytes, Answered answered);
  // A request comes to the admin port, from who has the admin token; the same.
  void admin(std::string_view method, std::string_view path, std::string_view body, Answered answered);
  // SIGTERM: what can be delivered within `drain_ms` is, and all is saved.
  void stop(std::int64_t drain_ms);

  exporting::Exporter& exporter() { return data_path_->exporter(); }
  journal::Journal& journal() { return data_path_->journal(); }
  const catalog::Catalog& in_force() { return data_path_->catalog(); }
  catalog::ManagedCatalog& catalog() { return management_->catalog(); }
  const launchdarkly::FlagReader* flag_reader() { return flag_reader_.get(); }

 private:
  Result<void> open_data_path();
  void show();
  void make_api();
  void publish(const catalog::CatalogPointer& catalog);
  bool settle();
  exporting::SinkFactory sink_factory();

  const World world_;
  server::ServerSettings settings_;
  bool listens_ = false;
  http::ByteBudget bodies_{96ull << 20}, admin_bodies_{16ull << 20};

  // In the order of construction, which is that of the server.
  std::shared_ptr<aws::CredentialsCache> own_credentials_;
  std::unique_ptr<aws::ServerIdentity> identity_;
  std::unique_ptr<destinations::KindParts> kind_parts_;
  std::unique_ptr<data_path::DataPath> data_path_;
  std::unique_ptr<server::Management> management_;
  std::unique_ptr<api::JournalWatch> journal_watch_;
  std::unique_ptr<api::ServerView> view_;
  std::unique_ptr<api::PublicStatus> public_status_;
  std::unique_ptr<api::RenderedPages> pages_;
  std::unique_ptr<api::CallerGate> gate_;
  std::unique_ptr<api::RestApi> api_;
  std::unique_ptr<launchdarkly::FlagReader> flag_reader_;
  std::unique_ptr<api::AdminHandler> admin_handler_;
  std::unique_ptr<http::HttpHandler> intake_handler_;
};

}  // namespace sluice::simulation
