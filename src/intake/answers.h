// What intake answers when it says no: one table of statuses, and one shape, {"code","message"}. Pure.
#pragma once

#include <string>
#include <string_view>

#include "http/server.h"
#include "intake/metrics.h"

namespace sluice::intake {

// SDKs send again once after 400, 408, 429 and 5xx; after any other 4xx many of them stop for the life of their
// process.
unsigned refusal_status(Refusal refusal);

// A request that is refused: why, and in words for the caller.
struct Refused {
  Refusal refusal;
  std::string message;
};

// With `Retry-After` on 503.
http::HttpResponse refusal_answer(Refusal refusal, std::string_view message);
http::HttpResponse json_answer(unsigned status, std::string_view code, std::string_view message);

// The refusal that a fault found by the HTTP server counts as; `code` is the server's.
Refusal refusal_of_fault(unsigned status, std::string_view code);

}  // namespace sluice::intake
