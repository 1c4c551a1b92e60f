#include "api/rest_api.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <optional>

#include "api/rest_body.h"
#include "base/random.h"

namespace sluice {
namespace {

using nlohmann::json;

struct Route {
  std::string_view method;
  std::string_view path;  // behind /api/v2/; {} stands for one segment
  Role least;
  RestOutcome (*answer)(const RestContext&, const RestCall&);
};

constexpr std::array kRoutes = {
    Route{"GET", "projects", Role::reader, list_projects},
    Route{"POST", "projects", Role::writer, make_project},
    Route{"GET", "projects/{}", Role::reader, get_project},
    Route{"PATCH", "projects/{}", Role::writer, patch_project},
    Route{"DELETE", "projects/{}", Role::writer, delete_project},
    Route{"GET", "projects/{}/environments", Role::reader, list_environments},
    Route{"POST", "projects/{}/environments", Role::writer, make_environment},
    Route{"GET", "projects/{}/environments/{}", Role::reader, get_environment},
    Route{"PATCH", "projects/{}/environments/{}", Role::writer, patch_environment},
    Route{"DELETE", "projects/{}/environments/{}", Role::writer, delete_environment},
    Route{"POST", "projects/{}/environments/{}/apiKey", Role::writer, reset_sdk_key},
    Route{"POST", "projects/{}/environments/{}/mobileKey", Role::writer, reset_mobile_key},
    Route{"GET", "destinations", Role::reader, list_destinations},
    Route{"POST", "destinations/{}/{}", Role::writer, make_destination},
    Route{"GET", "destinations/{}/{}/{}", Role::reader, get_destination},
    Route{"PATCH", "destinations/{}/{}/{}", Role::writer, patch_destination},
    Route{"DELETE", "destinations/{}/{}/{}", Role::writer, delete_destination},
    Route{"GET", "destinations/{}/{}/{}/status", Role::reader, destination_status},
    Route{"POST", "destinations/{}/{}/{}/test-event", Role::writer, test_destination},
    Route{"POST", "destinations/{}/{}/{}/check", Role::writer, check_destination},
    Route{"POST", "destinations/{}/{}/check", Role::writer, check_draft},
    Route{"GET", "destinations/{}/{}/{}/history", Role::reader, destination_history},
    Route{"POST", "destinations/{}/{}/{}/replay", Role::writer, start_replay},
    Route{"DELETE", "destinations/{}/{}/{}/replay", Role::writer, cancel_replay},
    Route{"GET", "destinations/{}/{}/{}/dead-letters", Role::reader, list_dead_letters},
    Route{"GET", "destinations/{}/{}/{}/dead-letters/file", Role::reader, dead_letter_file},
    Route{"GET", "destinations/{}/{}/{}/policies", Role::reader, destination_policies},
    Route{"POST", "destinations/{}/{}/policies", Role::reader, draft_policies},
    Route{"POST", "destinations/projects/{}/environments/{}/generate-trust-policy", Role::writer,
          generate_trust_policy},
    Route{"GET", "flags/{}", Role::reader, list_flags},
    Route{"PATCH", "flags/{}", Role::writer, patch_flags},
    Route{"GET", "flags/{}/{}", Role::reader, get_flag},
    Route{"PATCH", "flags/{}/{}", Role::writer, patch_flag},
    Route{"GET", "events/{}/{}", Role::reader, list_events},
    Route{"GET", "usage/data-export-events", Role::reader, data_export_usage},
    Route{"GET", "status", Role::reader, server_status},
    Route{"GET", "aws-regions", Role::reader, list_regions},
    Route{"POST", "import", Role::admin, import_catalog},
    Route{"GET", "export", Role::admin, export_catalog},
    Route{"POST", "backup", Role::admin, back_up_catalog},
    Route{"GET", "tokens", Role::admin, list_tokens},
    Route{"POST", "tokens", Role::admin, make_token},
    Route{"DELETE", "tokens/{}", Role::admin, delete_token},
    Route{"GET", "auditlog", Role::reader, list_audit},
    Route{"GET", "auditlog/{}", Role::reader, get_audit_entry},
    Route{"GET", "caller-identity", Role::reader, caller_identity},
};

// "%2F" and the like; nothing for what is no such text, or has a NUL.
std::optional<std::string> decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) return std::nullopt;
      c = static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else if (plus_is_space && c == '+') {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    out += c;
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(by, start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

// What stands for the {} of the route; nothing when the path is not of it.
std::optional<std::vector<std::string>> matched(std::string_view route, const std::vector<std::string_view>& path) {
  const auto pattern = split(route, '/');
  if (pattern.size() != path.size()) return std::nullopt;
  std::vector<std::string> captured;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (pattern[i] != "{}") {
      if (pattern[i] != path[i]) return std::nullopt;
      continue;
    }
    auto segment = decoded(path[i], false);
    if (!segment || segment->empty()) return std::nullopt;
    captured.push_back(std::move(*segment));
  }
  return captured;
}

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
  for (std::string_view cookie : split(cookies, ';')) {
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
  std::string_view rest = request.path.substr(std::string_view("/api/v2/").size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto path = split(rest, '/');
  const std::string_view method = request.method == "HEAD" ? "GET" : request.method;
  std::string allowed;
  for (const Route& route : kRoutes) {
    auto captured = matched(route.path, path);
    if (!captured) continue;
    if (route.method != method) {
      allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", route.method);
      continue;
    }
    if (caller->role < route.least)
      return refuse(403, "forbidden",
                    fmt::format("Forbidden. The access token \"{}\" has the role {}; this needs {}.", caller->name,
                                role_name(caller->role), role_name(route.least)));
    RestCall call{std::move(*captured), {}, nullptr, request.header("content-type"), *caller};
    for (const std::string_view pair : split(request.query, '&')) {
      if (pair.empty()) continue;
      const std::size_t equals = std::min(pair.find('='), pair.size());
      auto name = decoded(pair.substr(0, equals), true);
      auto value = decoded(pair.substr(std::min(equals + 1, pair.size())), true);
      if (!name || !value) return invalid(fmt::format("The query \"{}\" is not percent-encoded.", pair));
      call.query.emplace(std::move(*name), std::move(*value));
    }
    if (!request.body.empty()) {
      auto body = parsed_body(request.body);
      if (!body) return tl::unexpected(body.error());
      call.body = std::move(*body);
    }
    return route.answer(context_, call);
  }
  if (!allowed.empty()) return wrong_method(request.method, allowed);
  return not_found(fmt::format("There is nothing at {}. docs/rest-api.md lists what there is.", request.path));
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
