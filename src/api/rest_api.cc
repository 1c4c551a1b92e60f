#include "api/rest_api.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "api/event_stream.h"
#include "api/rest_body.h"
#include "api/rest_routes.h"
#include "base/random.h"
#include "http/address_count.h"

namespace sluice::api {
namespace {

using nlohmann::json;

std::string error_id() {
  unsigned char bytes[16];
  random_secret_bytes(bytes, sizeof bytes);
  std::string out;
  for (std::size_t i = 0; i < sizeof bytes; ++i)
    out += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
  return out;
}

// The session's token among the cookies of a request; empty: there is none.
std::string_view session_token(std::string_view cookies) {
  for (std::string_view cookie : split_text(cookies, ';')) {
    cookie.remove_prefix(std::min(cookie.find_first_not_of(' '), cookie.size()));
    if (cookie.starts_with(kSessionCookie) && cookie.substr(kSessionCookie.size()).starts_with('='))
      return cookie.substr(kSessionCookie.size() + 1);
  }
  return {};
}

// The access token that a request brings; empty: none.
std::string_view token_of(const http::HttpRequest& request) {
  std::string_view token = request.header("authorization");
  if (token.empty()) return session_token(request.header("cookie"));
  if (token.starts_with("Bearer ")) token.remove_prefix(7);
  return token;
}

constexpr const char* kRemaining = "X-Ratelimit-Global-Remaining";
constexpr const char* kReset = "X-Ratelimit-Reset";

http::HttpResponse response_of(RestOutcome outcome, std::int64_t now_ms) {
  http::HttpResponse response;
  RestJson body;
  if (outcome) {
    response.status = outcome->status;
    if (outcome->download) {
      response.body = std::move(*outcome->download);
      response.content_type = "application/x-ndjson";
      response.headers.emplace_back("Content-Disposition", "attachment");
      return response;
    }
    if (outcome->stream) {
      response.stream = outcome->stream;
      response.content_type = kEventStreamType;
      response.headers.emplace_back("Cache-Control", "no-store");
      response.headers.emplace_back("X-Accel-Buffering", "no");  // a proxy that would wait for more
      return response;
    }
    if (outcome->text) {
      response.body = std::move(*outcome->text);
      response.content_type = "application/json";
      return response;
    }
    body = outcome->body;
  } else {
    response.status = outcome.error().status;
    response.body = rest_error_text(outcome.error().code, outcome.error().message);
    response.content_type = "application/json";
    if (!outcome.error().allow.empty()) response.headers.emplace_back("Allow", outcome.error().allow);
    if (response.status == 429) {
      const std::int64_t wait_ms = std::max<std::int64_t>(outcome.error().again_ms - now_ms, 0);
      response.headers.emplace_back(kReset, std::to_string(outcome.error().again_ms));
      response.headers.emplace_back("Retry-After", std::to_string((wait_ms + 999) / 1'000));
    }
    return response;
  }
  if (body.is_null()) return response;
  response.body = rest_text(body);
  response.content_type = "application/json";
  return response;
}

// What is left of the caller's window; a 429 says itself when to try again.
void add_rate(const CallRate::Spent& spent, http::HttpResponse& response) {
  response.headers.emplace_back(kRemaining, std::to_string(spent.remaining));
  if (response.status != 429) response.headers.emplace_back(kReset, std::to_string(spent.next_window_ms));
}

}  // namespace

std::string rest_error_text(std::string_view code, std::string_view message) {
  return rest_text({{"code", code}, {"message", message}, {"id", error_id()}});
}

RestResult<Caller> RestApi::owner_of(std::string_view token, std::string_view peer) {
  // A valid token passes even while others guess from the same address: many callers may come through one proxy.
  const std::int64_t now_ms = context_.clock.wall_ms();
  auto caller = token.empty() ? std::nullopt : context_.tokens.caller(token);
  spent_ =
      caller ? by_token_.spend(caller->token_id.hex(), now_ms) : by_address_.spend(http::counted_address(peer), now_ms);
  if (spent_.over)
    return rate_limited(
        fmt::format(
            "{} made {} calls within {} s. Continue in {} s; admin.max_calls_per_s sets the limit.",
            caller ? fmt::format("The access token \"{}\"", caller->name) : "This address, without a valid token,",
            by_token_.most_in_window(), kRateWindowMs / 1'000, (spent_.next_window_ms - now_ms + 999) / 1'000),
        spent_.next_window_ms);
  if (caller) return std::move(*caller);
  const auto known = failures_.find(peer);
  if (known != failures_.end() && now_ms - known->second.since_ms >= kFailedAuthenticationWindowMs) {
    failures_.erase(known);
  } else if (known != failures_.end() && known->second.different.size() >= kMaxFailedAuthentications) {
    return rate_limited("Too many wrong access tokens from this address. Try again in a minute.",
                        known->second.since_ms + kFailedAuthenticationWindowMs);
  }
  if (token.empty())
    return refuse(401, "unauthorized",
                  "Invalid access token: there is no Authorization header. Send an access token in it.");
  if (failures_.size() >= kMaxWatchedAddresses) failures_.clear();
  Failures& failures = failures_[std::string(peer)];
  if (failures.different.empty()) failures.since_ms = now_ms;
  failures.different.insert(std::hash<std::string_view>{}(token));
  if (token.starts_with("sdk-") || token.starts_with("mob-"))
    return refuse(401, "unauthorized",
                  "Invalid access token: this is an SDK key. The API accepts access tokens, which begin with api-.");
  return refuse(401, "unauthorized", "Invalid access token");
}

bool RestApi::knows(const http::HttpRequest& request) const {
  const std::string_view token = token_of(request);
  return !token.empty() && context_.tokens.caller(token);
}

RestResult<Caller> RestApi::caller_of(const http::HttpRequest& request) {
  auto caller = owner_of(token_of(request), request.peer);
  if (!request.header("authorization").empty()) return caller;
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (caller && !reads && request.header(kConsoleHeader).empty())
    return refuse(403, "forbidden",
                  fmt::format("A change in a browser's session needs the header {}: 1, so that no other site can make "
                              "it. Programs send an access token in Authorization instead.",
                              kConsoleHeader));
  return caller;
}

http::HttpResponse RestApi::session(const http::HttpRequest& request) {
  const auto cookie = [this](std::string_view token, std::int64_t seconds) {
    http::HttpResponse response;
    response.status = 204;
    response.headers.emplace_back(
        "Set-Cookie", fmt::format("{}={}; Path=/api; HttpOnly; SameSite=Strict; Max-Age={}{}", kSessionCookie, token,
                                  seconds, context_.tls ? "; Secure" : ""));
    return response;
  };
  const std::int64_t now_ms = context_.clock.wall_ms();
  if (request.method == "DELETE") return cookie("", 0);
  if (request.method != "POST") return response_of(wrong_method(request.method, "POST, DELETE"), now_ms);
  const auto body = parsed_body(request.body);
  if (!body) return response_of(tl::unexpected(body.error()), now_ms);
  const json token = body->is_object() ? body->value("token", json()) : json();
  if (!token.is_string()) return response_of(invalid("token: expected an access token, as text."), now_ms);
  const auto caller = owner_of(token.get<std::string>(), request.peer);
  if (!caller) return response_of(tl::unexpected(caller.error()), now_ms);
  return cookie(token.get<std::string>(), kSessionSeconds);
}

RestOutcome RestApi::outcome_of(const http::HttpRequest& request) {
  auto caller = caller_of(request);
  if (!caller) return tl::unexpected(caller.error());
  auto found = find_route(request.method, request.path);
  if (!found) return tl::unexpected(found.error());
  if (auto admitted = admit(*found->route, found->captured, *caller); !admitted)
    return tl::unexpected(admitted.error());
  RestCall call{std::move(found->captured),     {},      nullptr,
                request.header("content-type"), *caller, request.header("accept"),
                request.header("last-event-id")};
  for (const std::string_view pair : split_text(request.query, '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decoded(pair.substr(0, equals), true);
    auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return invalid(fmt::format("The query \"{}\" is not percent-encoded.", pair));
    call.query.emplace(std::move(*name), std::move(*value));
  }
  if (!request.body.empty()) {
    auto body = parsed_body(request.body);
    if (!body) return tl::unexpected(body.error());
    call.body = std::move(*body);
  }
  RestOutcome outcome = found->route->answer(context_, call);
  if (outcome && outcome->stream) return guarded(std::move(*outcome), request, *found->route, std::move(call.path));
  return outcome;
}

// A stream ends when its caller may not open it any more, and after a session's time at the latest.
RestOutcome RestApi::guarded(RestAnswer answer, const http::HttpRequest& request, const Route& route,
                             std::vector<std::string> captured) {
  if (*open_streams_ >= kMaxEventStreams)
    return rate_limited(
        fmt::format("{} event streams are open, which is the limit. Close one, or request pages.", kMaxEventStreams),
        context_.clock.wall_ms() + 60'000);
  const std::int64_t until_us = context_.clock.steady_us() + kSessionSeconds * 1'000'000;
  const auto may_go_on = [this, until_us, token = std::string(token_of(request)), &route, path = std::move(captured)] {
    const auto caller = context_.tokens.caller(token);
    return caller && admit(route, path, *caller) && context_.clock.steady_us() < until_us;
  };
  answer.stream = std::make_shared<GuardedStream>(std::move(answer.stream), may_go_on, open_streams_);
  return answer;
}

void RestApi::answer(const http::HttpRequest& request, http::HttpResponder responder) {
  const auto with_limits = [this](http::HttpResponse response) {
    if (by_token_.limits()) add_rate(spent_, response);
    return response;
  };
  spent_ = {};
  if (request.path == kSessionPath) return responder(with_limits(session(request)));
  RestOutcome outcome = outcome_of(request);
  const Clock& clock = context_.clock;
  if (!outcome || !outcome->later) return responder(with_limits(response_of(std::move(outcome), clock.wall_ms())));
  // A job must be copyable, the responder is not.
  auto shared = std::make_shared<http::HttpResponder>(std::move(responder));
  const http::HttpResponse head = with_limits({});
  const bool taken = worker_.run(
      [shared, later = std::move(outcome->later), &clock, headers = head.headers](const std::atomic<bool>& stopping) {
        http::HttpResponse response = response_of(later(stopping), clock.wall_ms());
        response.headers.insert(response.headers.end(), headers.begin(), headers.end());
        (*shared)(std::move(response));
      });
  if (taken) return;
  const std::int64_t now_ms = clock.wall_ms();
  (*shared)(with_limits(response_of(
      rate_limited("Too many of these calls are waiting. Try again in a minute.", now_ms + 60'000), now_ms)));
}

}  // namespace sluice::api
