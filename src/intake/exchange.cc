#include "intake/exchange.h"

#include <string>
#include <utility>

namespace sluice::intake {
namespace {

CorsRequest cors_request(const http::HttpRequest& request) {
  return {request.header("Origin"), request.header("Access-Control-Request-Headers"),
          request.header("Access-Control-Request-Private-Network") == "true"};
}

}  // namespace

void append_cors(HttpHeaders& out, const http::HttpRequest& request, const Route& route,
                 const catalog::Environment* environment) {
  append_cors_headers(out, cors_request(request), route.allow, environment);
}

HttpHeaders Exchange::cors() const {
  HttpHeaders headers;
  if (route.browser()) append_cors(headers, request, route, environment);
  return headers;
}

void Exchange::answer(http::HttpResponse response) {
  for (auto& header : cors()) response.headers.push_back(std::move(header));
  responder(std::move(response));
}

void Exchange::refuse(Refusal refusal, std::string_view message) {
  metrics.refuse(refusal);
  http::HttpResponse response = refusal_answer(refusal, message);
  if (refusal == Refusal::wrong_method) response.headers.emplace_back("Allow", std::string(route.allow));
  // The authenticator has told of these, in words of its own.
  if (refusal != Refusal::unknown_credential && refusal != Refusal::unknown_environment)
    intake.refusals.note(refusal, message, request, environment, started_us);
  answer(std::move(response));
}

}  // namespace sluice::intake
