// One life of a Sluice process: its data path, as the server builds it, over a simulated disk and network. The sockets
// and the REST API are left out. It is made when the process starts and destroyed when it ends or dies.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "aws/credentials.h"
#include "base/clock.h"
#include "base/result.h"
#include "catalog/snapshot.h"
#include "cloud.h"
#include "data_path/data_path.h"
#include "http/byte_budget.h"
#include "http/server.h"
#include "scheduler.h"
#include "storage/file_system.h"

namespace sluice::simulation {

class Process {
 public:
  Process(storage::FileSystem& files, const ManualClock& clock, Scheduler& scheduler, Cloud& cloud,
          const journal::JournalLimits& limits);
  ~Process();

  // An error is what the process would say before it ends.
  Result<void> start(const catalog::CatalogPointer& snapshot);
  // A change of the catalog comes to the data path, as the publisher brings it.
  Result<void> put_in_force(const catalog::CatalogPointer& snapshot);
  // Whether a connection would be taken.
  bool listens() const { return listens_; }
  // A payload comes over a connection. `answered` may be called later, and is not when the process dies before.
  void request(std::string bytes, std::function<void(const http::HttpResponse&)> answered);
  // SIGTERM: what can be delivered within `drain_ms` is, and all is saved.
  void stop(std::int64_t drain_ms);

  exporting::Exporter& exporter() { return data_path_->exporter(); }
  journal::Journal& journal() { return data_path_->journal(); }

 private:
  storage::FileSystem& files_;
  const ManualClock& clock_;
  Scheduler& scheduler_;
  Cloud& cloud_;
  const journal::JournalLimits limits_;
  std::shared_ptr<aws::CredentialsCache> own_credentials_;
  std::unique_ptr<data_path::DataPath> data_path_;
  std::unique_ptr<http::HttpHandler> handler_;
  bool listens_ = false;
  http::ByteBudget bodies_{96ull << 20};
};

}  // namespace sluice::simulation
