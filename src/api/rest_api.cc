#include "api/rest_api.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "api/rest_body.h"
#include "api/rest_routes.h"
#include "base/random.h"

namespace sluice {
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

HttpResponse response_of(const RestOutcome& outcome, std::int64_t now_ms) {
  HttpResponse response;
  RestJson body;
  if (outcome) {
    response.status = outcome->status;
    if (!outcome->download.empty()) {
      response.body = outcome->download;
      response.content_type = "application/x-ndjson";
      response.headers.emplace_back("Content-Disposition", "attachment");
      return response;
    }
    body = outcome->body;
  } else {
    response.status = outcome.error().status;
    response.body = rest_error_text(outcome.error().code, outcome.error().message);
    response.content_type = "application/json";
    if (!outcome.error().allow.empty()) response.headers.emplace_back("Allow", outcome.error().allow);
    if (response.status == 429)
      response.headers.emplace_back("X-Ratelimit-Reset", std::to_string(now_ms + kFailedAuthenticationWindowMs));
    return response;
  }
  if (body.is_null()) return response;
  response.body = body.dump(-1, ' ', false, RestJson::error_handler_t::replace);
  response.content_type = "application/json";
  return response;
}

}  // namespace

std::string rest_error_text(std::string_view code, std::string_view message) {
  return RestJson{{"code", code}, {"message", message}, {"id", error_id()}}.dump(-1, ' ', false,
                                                                                 RestJson::error_handler_t::replace);
}

RestResult<Caller> RestApi::owner_of(std::string_view token, std::string_view peer) {
  // A right token passes whoever else guesses from the same address: many callers may come through one proxy.
  if (!token.empty())
    if (auto caller = context_.tokens.caller(token)) return std::move(*caller);
  const std::int64_t now_ms = context_.clock.wall_ms();
  const auto known = failures_.find(peer);
  if (known != failures_.end() && now_ms - known->second.since_ms >= kFailedAuthenticationWindowMs) {
    failures_.erase(known);
  } else if (known != failures_.end() && known->second.different.size() >= kMaxFailedAuthentications) {
    return refuse(429, "rate_limited", "Too many wrong access tokens from this address. Try again in a minute.");
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
                  "Invalid access token: this is an SDK's key. The API takes access tokens, which begin with api-.");
  return refuse(401, "unauthorized", "Invalid access token");
}

RestResult<Caller> RestApi::caller_of(const HttpRequest& request) {
  std::string_view token = request.header("authorization");
  if (token.starts_with("Bearer ")) token.remove_prefix(7);
  if (!token.empty()) return owner_of(token, request.peer);
  const std::string_view cookie = session_token(request.header("cookie"));
  auto caller = owner_of(cookie, request.peer);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (caller && !reads && request.header(kConsoleHeader).empty())
    return refuse(403, "forbidden",
                  fmt::format("A change in a browser's session needs the header {}: 1, so that no other site can make "
                              "it. Programs send an access token in Authorization instead.",
                              kConsoleHeader));
  return caller;
}

HttpResponse RestApi::session(const HttpRequest& request) {
  const auto cookie = [this](std::string_view token, std::int64_t seconds) {
    HttpResponse response;
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

RestOutcome RestApi::outcome_of(const HttpRequest& request) {
  auto caller = caller_of(request);
  if (!caller) return tl::unexpected(caller.error());
  auto found = find_route(request.method, request.path);
  if (!found) return tl::unexpected(found.error());
  if (auto admitted = admit(*found->route, found->captured, *caller); !admitted)
    return tl::unexpected(admitted.error());
  RestCall call{std::move(found->captured), {}, nullptr, request.header("content-type"), *caller};
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
  return found->route->answer(context_, call);
}

void RestApi::answer(const HttpRequest& request, HttpResponder responder) {
  if (request.path == kSessionPath) return responder(session(request));
  RestOutcome outcome = outcome_of(request);
  if (!outcome || !outcome->later) return responder(response_of(outcome, context_.clock.wall_ms()));
  // A job must be copyable, the responder is not.
  auto shared = std::make_shared<HttpResponder>(std::move(responder));
  const bool taken =
      worker_.run([shared, later = std::move(outcome->later), &clock = context_.clock](
                      const std::atomic<bool>& stopping) { (*shared)(response_of(later(stopping), clock.wall_ms())); });
  if (taken) return;
  (*shared)(response_of(refuse(429, "rate_limited", "Too many of these calls wait already. Try again in a minute."),
                        context_.clock.wall_ms()));
}

}  // namespace sluice
