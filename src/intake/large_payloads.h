// Payloads that take a loop too long, and those who wait for it: they are read here, one at a time, by a worker of low
// priority. Each environment and kind of credential has its turn, so that nobody's large payloads hold up another's.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/notifier.h"
#include "base/worker.h"
#include "catalog/snapshot.h"
#include "http/server.h"
#include "intake/handler.h"
#include "intake/metrics.h"
#include "intake/payload_taker.h"
#include "intake/router.h"

namespace sluice::intake {

struct LargePayload {
  http::HttpRequest request;  // its views are valid until it is answered
  Route route;
  http::HttpResponder responder;
  catalog::CatalogPointer catalog;
  const catalog::Environment* environment;  // of `catalog`
  std::int64_t started_us;
};

class LargePayloads {
 public:
  // All outlive this.
  LargePayloads(Intake& intake, Workers& workers);
  ~LargePayloads();  // stop()

  // Any thread. What it holds of memory is the connection's, whose limits bound what waits here.
  void put(LargePayload payload);
  // What waits is answered 503. Any thread, once or more; before the journal is closed.
  void stop();

 private:
  using Owner = std::pair<ObjectId, CredentialKind>;
  std::int64_t step();
  std::optional<LargePayload> next();
  void take(LargePayload payload);

  Intake& intake_;
  IntakeLoopMetrics& metrics_;
  PayloadTaker taker_;  // of the worker
  std::mutex mutex_;
  std::map<Owner, std::deque<LargePayload>> waiting_;  // guarded by mutex_, as the next two
  Owner last_served_{};
  bool being_stored_ = false;  // the one before is not answered yet
  bool stopping_ = false;
  Notifier notifier_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace sluice::intake
