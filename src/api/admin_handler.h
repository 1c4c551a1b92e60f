// The admin port's requests: status, health, readiness, metrics, the REST API, and the web console.
#pragma once

#include "api/rest_api.h"
#include "api/server_view.h"
#include "http/server.h"

namespace sluice::api {

class AdminHandler final : public http::HttpHandler {
 public:
  // `view` and `api` outlive the handler. Without `api` the catalog is declared in a file. Called on the admin loop
  // only.
  AdminHandler(const ServerView& view, RestApi* api) : view_(view), api_(api) {}
  void handle(const http::HttpRequest& request, http::HttpResponder responder) override;
  http::HttpResponse fault(unsigned status, std::string_view code, std::string_view message,
                           const http::HttpRequest& request) override;

 private:
  const ServerView& view_;
  RestApi* const api_;
};

}  // namespace sluice::api
