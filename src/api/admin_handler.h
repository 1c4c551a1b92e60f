// The admin port's requests: status, health, readiness, metrics. The REST API and the console come to stand beside
// them.
#pragma once

#include "api/server_view.h"
#include "http/server.h"

namespace sluice {

class AdminHandler final : public HttpHandler {
 public:
  // `view` outlives the handler. Called on the admin loop only.
  explicit AdminHandler(const ServerView& view) : view_(view) {}
  void handle(const HttpRequest& request, HttpResponder responder) override;

 private:
  const ServerView& view_;
};

}  // namespace sluice
