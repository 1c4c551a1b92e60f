// The admin port's requests: status, health, readiness, metrics, the REST API, and the web console.
#pragma once

#include <string>
#include <vector>

#include "api/caller_gate.h"
#include "api/public_status.h"
#include "api/rendered_pages.h"
#include "api/rest_api.h"
#include "api/server_view.h"
#include "http/server.h"

namespace sluice::api {

struct AdminAccess {
  std::vector<std::string> hosts;  // names that the port is called by (api/known_host.h)
  bool open_metrics = false;       // /metrics without a token
};

class AdminHandler final : public http::HttpHandler {
 public:
  // All outlive the handler. Called on the admin loop only.
  AdminHandler(const PublicStatus& status, RenderedPages& pages, CallerGate& gate, const AdminAccess& access,
               RestApi& api)
      : status_(status), pages_(pages), gate_(gate), access_(access), api_(api) {}
  // Only who brings a valid token may send a body, and who signs in a small one.
  http::Admission admit(const http::HttpRequest& request) override;
  bool admits_all() const override { return true; }
  void tick() override;
  void handle(const http::HttpRequest& request, http::HttpResponder responder) override;
  http::HttpResponse fault(unsigned status, std::string_view code, std::string_view message,
                           const http::HttpRequest& request) override;

 private:
  void answer_page(const http::HttpRequest& request, http::HttpResponder responder);

  const PublicStatus& status_;
  RenderedPages& pages_;
  CallerGate& gate_;
  const AdminAccess& access_;
  RestApi& api_;
};

// What is rendered of the admin port: /status, /flags and /metrics. `view` outlives them.
std::vector<Page> admin_pages(const ServerView& view);

}  // namespace sluice::api
