// The REST API that LaunchDarkly's clients speak (docs/rest-api.md): finds out who calls, which route it is, and
// whether the caller may. Called on the admin loop only; a change waits for the disk there, which the data path does
// not notice.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "api/call_rate.h"
#include "api/rest_resources.h"
#include "api/rest_routes.h"
#include "api/rest_worker.h"
#include "http/server.h"

namespace sluice::api {

// After this many different wrong tokens from one address within a minute, further wrong ones are answered 429
// until the minute is over: guessing is not worth trying.
inline constexpr std::size_t kMaxFailedAuthentications = 20;
inline constexpr std::int64_t kFailedAuthenticationWindowMs = 60'000;
inline constexpr std::size_t kMaxWatchedAddresses = 10'000;

// A browser's session: the access token in a cookie that no script can read and no other site can send.
inline constexpr std::string_view kSessionPath = "/api/session";
inline constexpr std::string_view kSessionCookie = "sluice_session";
// A sign-in, which brings no token yet, has one in its body and nothing else.
inline constexpr std::uint64_t kMaxSignInBytes = 4096;
inline constexpr std::int64_t kSessionSeconds = 12 * 3600;  // a working day
// What a browser must send with every change beside the cookie: no form of another site can.
inline constexpr std::string_view kConsoleHeader = "X-Sluice-Console";

// The body of an error, as LaunchDarkly's clients know it.
std::string rest_error_text(std::string_view code, std::string_view message);

class RestApi {
 public:
  explicit RestApi(RestContext context, Workers& workers = worker_threads())
      : context_(std::move(context)),
        worker_(workers),
        by_token_(context_.max_calls_per_s),
        by_address_(context_.max_calls_per_s) {}
  static bool serves(std::string_view path) { return path.starts_with("/api/v2/") || path == kSessionPath; }
  void answer(const http::HttpRequest& request, http::HttpResponder responder);
  // Whether the request brings a valid access token; counts nothing.
  bool knows(const http::HttpRequest& request) const;
  // Ends what runs on the worker, and takes nothing more for it. Any thread.
  void stop() { worker_.stop(); }

 private:
  RestResult<Caller> caller_of(const http::HttpRequest& request);
  // Counts the call: for the token, or for the address of one without a right token.
  RestResult<Caller> owner_of(std::string_view token, std::string_view peer);
  http::HttpResponse session(const http::HttpRequest& request);
  RestOutcome outcome_of(const http::HttpRequest& request);
  RestOutcome guarded(RestAnswer answer, const http::HttpRequest& request, const Route& route,
                      std::vector<std::string> captured);

  struct Failures {
    std::int64_t since_ms = 0;
    // One wrong token over and over (a page left open, a script with an old one) is no guessing.
    std::set<std::size_t> different;  // hashes of tokens
  };
  RestContext context_;
  RestWorker worker_;
  std::map<std::string, Failures, std::less<>> failures_;  // by address
  // Apart, so that no number of guesses takes a right token's room.
  CallRate by_token_, by_address_;
  CallRate::Spent spent_;  // of the call that is being answered
  std::shared_ptr<std::atomic<std::size_t>> open_streams_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace sluice::api
