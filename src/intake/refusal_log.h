// Says in the log which requests were refused, and why: one line of a reason in a while, with how many were left out.
// An SDK drops what was refused twice, so nothing is refused without a line. Any thread.
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string_view>

#include "catalog/snapshot.h"
#include "http/server.h"
#include "intake/log_gate.h"
#include "intake/metrics.h"

namespace sluice::intake {

class RefusalLog {
 public:
  explicit RefusalLog(std::int64_t interval_ms) : interval_ms_(interval_ms) {}

  // `environment`: null when it is not known. `now_us` is steady.
  void note(Refusal refusal, std::string_view message, const http::HttpRequest& request,
            const catalog::Environment* environment, std::int64_t now_us);
  // Of a payload whose request is gone.
  void note(Refusal refusal, std::string_view message, ObjectId environment, std::int64_t now_us);

 private:
  std::optional<std::uint64_t> pass(Refusal refusal, std::int64_t now_us);
  const std::int64_t interval_ms_;
  std::mutex mutex_;
  std::array<LogGate, kRefusals> gates_;
};

}  // namespace sluice::intake
