// The REST API that LaunchDarkly's clients speak (docs/rest-api.md): finds out who calls, which route it is, and
// whether the caller may. Called on the admin loop only; a change waits for the disk there, which the data path does
// not notice.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "api/caller_gate.h"
#include "api/event_feeds.h"
#include "api/event_stream_slots.h"
#include "api/rest_resources.h"
#include "api/rest_routes.h"
#include "api/rest_worker.h"
#include "http/server.h"

namespace sluice::api {

inline constexpr std::string_view kSessionPath = "/api/session";
// A sign-in, which brings no token yet, has one in its body and nothing else.
inline constexpr std::uint64_t kMaxSignInBytes = 4096;

// The body of an error, as LaunchDarkly's clients know it.
std::string rest_error_text(std::string_view code, std::string_view message);

class RestApi {
 public:
  // `gate` and what `context` names outlive this.
  RestApi(RestContext context, CallerGate& gate, Workers& workers = worker_threads())
      : view_(context.view), managed_(std::move(context)), gate_(gate), worker_(workers) {}
  // Of a server whose catalog is declared in its configuration file: what shows how it is doing can be read, everything
  // else is answered 403.
  RestApi(const ServerView& view, CallerGate& gate, Workers& workers = worker_threads())
      : view_(view), gate_(gate), worker_(workers) {}
  static bool serves(std::string_view path) { return path.starts_with("/api/v2/") || path == kSessionPath; }
  void answer(const http::HttpRequest& request, http::HttpResponder responder);
  // Twice a second: what event streams are sent.
  void tick() { feeds_.tick(); }
  // Ends what runs on the worker, and takes nothing more for it. Any thread.
  void stop() { worker_.stop(); }

 private:
  http::HttpResponse session(const http::HttpRequest& request);
  http::HttpResponse begin_session(const http::HttpRequest& request);
  RestOutcome outcome_of(const http::HttpRequest& request);
  RestOutcome guarded(RestAnswer answer, const http::HttpRequest& request, const Route& route,
                      std::vector<std::string> captured, const Caller& caller);

  const ServerView& view_;
  const std::optional<RestContext> managed_;
  CallerGate& gate_;
  RestWorker worker_;
  EventFeeds feeds_;
  std::shared_ptr<EventStreamSlots> streams_ = EventStreamSlots::make();
};

}  // namespace sluice::api
