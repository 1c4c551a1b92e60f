#include "api/admin_handler.h"

#include <fmt/format.h>

#include <utility>

#include "api/flag_list.h"
#include "api/metrics.h"
#include "api/status.h"
#include "api/web_pages.h"

namespace sluice::api {
namespace {

http::HttpResponse json_answer(std::string body) {
  http::HttpResponse response;
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
  if (api_ == nullptr || !RestApi::serves(request.path))
    admission.refused = true;
  else if (request.path == kSessionPath)
    admission.max_body_bytes = kMaxSignInBytes;
  else
    admission.refused = !api_->knows(request);
  return admission;
}

void AdminHandler::handle(const http::HttpRequest& request, http::HttpResponder responder) {
  if (RestApi::serves(request.path)) {
    if (api_ != nullptr) return api_->answer(request, std::move(responder));
    return responder(refusal(403, "forbidden",
                             "This server's projects, environments and destinations are declared in its configuration "
                             "file. Change the file and send SIGHUP; or remove them from it, to manage them here."));
  }
  if (serves_web_page(request.path)) return responder(web_page(request));
  const bool rendered = pages_.has(request.path);
  if (!rendered && request.path != "/healthz" && request.path != "/readyz")
    return responder(refusal(404, "not_found",
                             "There is nothing at this path of the admin port. It has /status, /flags, /metrics, "
                             "/healthz and /readyz. SDKs send events to the intake port."));
  if (request.method != "GET" && request.method != "HEAD") {
    http::HttpResponse response =
        refusal(405, "method_not_allowed", fmt::format("{} is read with GET, not {}.", request.path, request.method));
    response.headers.emplace_back("Allow", "GET, HEAD");
    return responder(std::move(response));
  }
  if (rendered) return pages_.answer(request.path, std::move(responder));
  responder(request.path == "/readyz" ? status_.ready() : health_answer());
}

std::vector<Page> admin_pages(const ServerView& view) {
  return {{"/status", "application/json", [&view] { return full_status_json(view); }},
          {"/flags", "application/json", [&view] { return flag_list_json(view); }},
          {"/metrics", "text/plain; version=0.0.4; charset=utf-8", [&view] { return metrics_text(view); }}};
}

}  // namespace sluice::api
