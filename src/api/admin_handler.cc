#include "api/admin_handler.h"

#include <fmt/format.h>

#include <utility>

#include "api/flag_list.h"
#include "api/known_host.h"
#include "api/metrics.h"
#include "api/private_answer.h"
#include "api/status.h"
#include "api/web_pages.h"

namespace sluice::api {
namespace {

http::HttpResponse json_answer(std::string body) {
  http::HttpResponse response = private_answer();
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

http::HttpResponse refusal(unsigned status, std::string_view code, std::string message) {
  http::HttpResponse response = json_answer(rest_error_text(code, message) + "\n");
  response.status = status;
  return response;
}

}  // namespace

http::HttpResponse AdminHandler::fault(unsigned status, std::string_view code, std::string_view message,
                                       const http::HttpRequest&) {
  return refusal(status, code, std::string(message));
}

http::Admission AdminHandler::admit(const http::HttpRequest& request) {
  http::Admission admission;
  if (!RestApi::serves(request.path))
    admission.refused = true;
  else if (request.path == kSessionPath)
    admission.max_body_bytes = kMaxSignInBytes;
  else
    admission.refused = !gate_.knows(request);
  return admission;
}

void AdminHandler::tick() { api_.tick(); }

// The pages show destinations, ARNs, AWS's words and values of flags: for who may see everything.
void AdminHandler::answer_page(const http::HttpRequest& request, http::HttpResponder responder) {
  if (request.path == "/metrics" && access_.open_metrics) return pages_.answer(request.path, std::move(responder));
  // Without a token, strangers see as much as on the intake port.
  if (request.path == "/status" && request.header("authorization").empty()) return responder(status_.status());
  const auto caller = gate_.caller_of(request);
  if (caller && may_view_all(*caller)) return pages_.answer(request.path, std::move(responder));
  if (caller)
    return responder(refusal(403, "forbidden",
                             fmt::format("{} shows every project. It needs an access token with a built-in role, or "
                                         "whose roles view everything.",
                                         request.path)));
  if (caller.error().status != 401)
    return responder(refusal(caller.error().status, caller.error().code, caller.error().message));
  http::HttpResponse response =
      refusal(401, "unauthorized",
              fmt::format("{} needs an access token: Authorization: Bearer api-….{}", request.path,
                          request.path == "/metrics" ? " Or let everybody read it: admin.open_metrics = true." : ""));
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  responder(std::move(response));
}

void AdminHandler::handle(const http::HttpRequest& request, http::HttpResponder responder) {
  const bool probe = request.path == "/healthz" || request.path == "/readyz";
  if (!probe && status_.is_starting()) {
    http::HttpResponse response = refusal(503, "unavailable", "Sluice is starting; try again in a second.");
    response.headers.emplace_back("Retry-After", "1");
    return responder(std::move(response));
  }
  if (!probe && !host_is_known(request.header("host"), access_.hosts))
    return responder(refusal(421, "misdirected_request",
                             fmt::format("The admin port is not known by the name \"{}\". If that is its name, add it "
                                         "to admin.hosts (SLUICE_ADMIN_HOSTS). This keeps web pages of other sites "
                                         "from calling it by a name of theirs.",
                                         request.header("host").substr(0, 253))));
  if (RestApi::serves(request.path)) return api_.answer(request, std::move(responder));
  if (serves_web_page(request.path)) return responder(web_page(request));
  const bool rendered = pages_.has(request.path);
  if (!rendered && !probe)
    return responder(refusal(404, "not_found",
                             "There is nothing at this path of the admin port. It has /status, /flags, /metrics, "
                             "/healthz and /readyz. SDKs send events to the intake port."));
  if (request.method != "GET" && request.method != "HEAD") {
    http::HttpResponse response =
        refusal(405, "method_not_allowed", fmt::format("{} is read with GET, not {}.", request.path, request.method));
    response.headers.emplace_back("Allow", "GET, HEAD");
    return responder(std::move(response));
  }
  if (rendered) return answer_page(request, std::move(responder));
  responder(request.path == "/readyz" ? status_.ready() : health_answer());
}

std::vector<Page> admin_pages(const ServerView& view) {
  return {{"/status", "application/json", [&view] { return full_status_json(view); }},
          {"/flags", "application/json", [&view] { return flag_list_json(view); }},
          {"/metrics", "text/plain; version=0.0.4; charset=utf-8", [&view] { return metrics_text(view); }}};
}

}  // namespace sluice::api
