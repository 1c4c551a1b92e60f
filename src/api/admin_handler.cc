#include "api/admin_handler.h"

#include <fmt/format.h>

#include <array>
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

http::HttpResponse refused(unsigned status, std::string_view code, std::string message) {
  http::HttpResponse response = json_answer(rest_error_text(code, message) + "\n");
  response.status = status;
  return response;
}

struct PlainRoute {
  std::string_view path;
  http::HttpResponse (*answer)(const ServerView&);
};

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

const std::array kRoutes = {
    PlainRoute{"/status", [](const ServerView& view) { return json_answer(full_status_json(view)); }},
    PlainRoute{"/flags", [](const ServerView& view) { return json_answer(flag_list_json(view)); }},
    PlainRoute{"/healthz", [](const ServerView&) { return health_answer(); }},
    PlainRoute{"/readyz", [](const ServerView& view) { return ready_answer(view); }},
    PlainRoute{"/metrics",
               [](const ServerView& view) {
                 http::HttpResponse response;
                 response.content_type = kMetricsType;
                 response.body = metrics_text(view);
                 return response;
               }},
};

}  // namespace

http::HttpResponse AdminHandler::fault(unsigned status, std::string_view code, std::string_view message,
                                       const http::HttpRequest&) {
  return refused(status, code, std::string(message));
}

void AdminHandler::handle(const http::HttpRequest& request, http::HttpResponder responder) {
  if (RestApi::serves(request.path)) {
    if (api_ != nullptr) return api_->answer(request, std::move(responder));
    return responder(refused(403, "forbidden",
                             "This server's projects, environments and destinations are declared in its configuration "
                             "file. Change the file and send SIGHUP; or take them out of it, to manage them here."));
  }
  if (serves_web_page(request.path)) return responder(web_page(request));
  std::string known;
  for (const PlainRoute& route : kRoutes) {
    known += fmt::format("{}{}", known.empty() ? "" : ", ", route.path);
    if (request.path != route.path) continue;
    if (request.method != "GET" && request.method != "HEAD") {
      http::HttpResponse response =
          refused(405, "method_not_allowed", fmt::format("{} is read with GET, not {}.", route.path, request.method));
      response.headers.emplace_back("Allow", "GET, HEAD");
      return responder(std::move(response));
    }
    return responder(route.answer(view_));
  }
  responder(refused(
      404, "not_found",
      fmt::format("There is nothing at this path of the admin port. It has {}. SDKs send events to the intake port.",
                  known)));
}

}  // namespace sluice::api
