#include "intake/refusal_log.h"

#include "base/log.h"
#include "intake/sdk_headers.h"

namespace sluice::intake {

std::optional<std::uint64_t> RefusalLog::pass(Refusal refusal, std::int64_t now_us) {
  const std::lock_guard lock(mutex_);
  return gates_[static_cast<std::size_t>(refusal)].pass(now_us, interval_ms_);
}

void RefusalLog::note(Refusal refusal, std::string_view message, ObjectId environment, std::int64_t now_us) {
  if (const auto left_out = pass(refusal, now_us))
    log_warn("intake.payload_refused", {{"reason", refusal_name(refusal)},
                                        {"message", message},
                                        {"environment_id", environment.hex()},
                                        {"lines_left_out", *left_out}});
}

void RefusalLog::note(Refusal refusal, std::string_view message, const http::HttpRequest& request,
                      const catalog::Environment* environment, std::int64_t now_us) {
  const auto left_out = pass(refusal, now_us);
  if (!left_out) return;
  log_warn("intake.payload_refused", {{"reason", refusal_name(refusal)},
                                      {"message", message},
                                      {"project", environment ? environment->project_key : ""},
                                      {"environment", environment ? environment->key : ""},
                                      {"method", request.method.substr(0, kLoggedText)},
                                      {"path", request.path.substr(0, kLoggedText)},
                                      {"sdk", user_agent(request).substr(0, kLoggedText)},
                                      {"peer", request.peer},
                                      {"lines_left_out", *left_out}});
}

}  // namespace sluice::intake
