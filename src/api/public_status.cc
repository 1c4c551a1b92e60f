#include "api/public_status.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "api/private_answer.h"
#include "api/readiness.h"
#include "export/health.h"

namespace sluice::api {
namespace {

using Json = nlohmann::ordered_json;

std::shared_ptr<const std::string> shared(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

std::shared_ptr<const std::string> status_body(ServerPhase phase, const std::string& reason,
                                               const std::map<std::string, std::uint64_t>& destinations) {
  const Json body = {{"version", SLUICE_VERSION},
                     {"state", phase_name(phase)},
                     {"ready", reason.empty()},
                     {"reason", reason},
                     {"destinations", destinations}};
  return shared(body.dump(2) + "\n");
}

std::shared_ptr<const std::string> ready_body(const std::string& reason) {
  return shared(Json{{"status", reason.empty() ? "ready" : "not ready"}, {"reason", reason}}.dump() + "\n");
}

http::HttpResponse json_answer(std::shared_ptr<const std::string> body) {
  http::HttpResponse response = private_answer();
  response.content_type = "application/json";
  response.shared_body = std::move(body);
  return response;
}

}  // namespace

PublicStatus::PublicStatus(const ServerView& view, Workers& workers)
    : view_(view),
      starting_(std::make_shared<const Rendered>(
          Rendered{0, false, status_body(ServerPhase::starting, kStarting, {}), ready_body(kStarting)})),
      draining_(std::make_shared<const Rendered>(
          Rendered{0, false, status_body(ServerPhase::draining, kDraining, {}), ready_body(kDraining)})),
      outdated_(std::make_shared<const Rendered>(
          Rendered{0, false, status_body(ServerPhase::ready, kOutdated, {}), ready_body(kOutdated)})) {
  worker_ = workers.start("public-status", notifier_, [this] { return step(); });
}

PublicStatus::~PublicStatus() {
  stopping_ = true;
  notifier_.notify();
  worker_->join();
}

std::int64_t PublicStatus::step() {
  if (stopping_) return kWorkerDone;
  if (view_.phase == ServerPhase::ready) render();
  return kPublicStatusIntervalMs * 1000;
}

void PublicStatus::render() {
  const std::int64_t at_us = view_.journal.status()->read_at_us;
  std::map<std::string, std::uint64_t> by_state;
  for (const exporting::DestinationStatus& status : view_.exporter.status())
    ++by_state[std::string(exporting::destination_state_name(status.state))];
  const std::string reason = not_ready_because(view_);
  rendered_.set(std::make_shared<const Rendered>(
      Rendered{at_us, reason.empty(), status_body(ServerPhase::ready, reason, by_state), ready_body(reason)}));
}

std::shared_ptr<const PublicStatus::Rendered> PublicStatus::current() const {
  switch (view_.phase.load()) {
    case ServerPhase::starting:
      return starting_;
    case ServerPhase::draining:
      return draining_;
    case ServerPhase::ready:
      break;
  }
  auto rendered = rendered_.get();
  if (!rendered) return starting_;
  return view_.clock.steady_us() - rendered->at_us > kPublicStatusMaxAgeMs * 1000 ? outdated_ : rendered;
}

http::HttpResponse PublicStatus::answer(std::string_view path) const {
  if (path.ends_with("/healthz")) return health_answer();
  return path.ends_with("/readyz") ? ready() : status();
}

http::HttpResponse PublicStatus::status() const { return json_answer(current()->status_body); }

http::HttpResponse PublicStatus::ready() const {
  const auto now = current();
  http::HttpResponse response = json_answer(now->ready_body);
  if (!now->ready) response.status = 503;
  return response;
}

http::HttpResponse health_answer() {
  static const auto body = shared("{\"status\":\"alive\"}\n");
  return json_answer(body);
}

}  // namespace sluice::api
