// One request on its way through intake, and how it is answered.
#pragma once

#include <cstdint>
#include <string_view>

#include "catalog/snapshot.h"
#include "http/server.h"
#include "intake/answers.h"
#include "intake/cors.h"
#include "intake/handler.h"
#include "intake/metrics.h"
#include "intake/router.h"

namespace sluice::intake {

// The headers that a browser needs in an answer to `request`.
void append_cors(HttpHeaders& out, const http::HttpRequest& request, const Route& route,
                 const catalog::Environment* environment);

// Of the thread that works on the request. What it refers to outlives it.
struct Exchange {
  Intake& intake;
  IntakeLoopMetrics& metrics;
  const http::HttpRequest& request;
  Route route;
  http::HttpResponder& responder;
  std::int64_t started_us;
  const catalog::Environment* environment = nullptr;  // null: not known

  HttpHeaders cors() const;
  void answer(http::HttpResponse response);
  // Counts it and answers. What says why is logged now and then.
  void refuse(Refusal refusal, std::string_view message);
  void refuse(const Refused& refused) { refuse(refused.refusal, refused.message); }
};

}  // namespace sluice::intake
