#include "api/rest_api.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "api/event_stream.h"
#include "api/private_answer.h"
#include "api/rest_body.h"
#include "api/rest_routes.h"
#include "base/random.h"
#include "base/text.h"

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

constexpr const char* kRemaining = "X-Ratelimit-Global-Remaining";
constexpr const char* kReset = "X-Ratelimit-Reset";

http::HttpResponse response_of(RestOutcome outcome, std::int64_t now_ms) {
  http::HttpResponse response = private_answer();
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

// An empty id ends the browser's cookie.
http::HttpResponse session_cookie(std::string_view id, std::int64_t seconds, bool tls) {
  http::HttpResponse response = private_answer();
  response.status = 204;
  response.headers.emplace_back("Set-Cookie", fmt::format("{}={}; Path=/api; HttpOnly; SameSite=Strict; Max-Age={}{}",
                                                          kSessionCookie, id, seconds, tls ? "; Secure" : ""));
  return response;
}

bool is_read_of_declared(const http::HttpRequest& request) {
  if (request.path == kSessionPath) return false;
  const auto found = find_route(request.method, request.path);
  return found && found->route->read != nullptr;
}

RestOutcome declared_refusal() {
  return refuse(403, "forbidden",
                "This server's projects, environments and destinations are declared in its configuration file. Change "
                "the file and send SIGHUP; or remove them from it, to manage them here.");
}

}  // namespace

std::string rest_error_text(std::string_view code, std::string_view message) {
  return rest_text({{"code", code}, {"message", message}, {"id", error_id()}});
}

http::HttpResponse RestApi::session(const http::HttpRequest& request) {
  const std::int64_t now_ms = view_.clock.wall_ms();
  if (request.method == "POST") return begin_session(request);
  if (request.method != "DELETE") return response_of(wrong_method(request.method, "POST, DELETE"), now_ms);
  gate_.end_session(request);
  return session_cookie("", 0, managed_->tls);
}

http::HttpResponse RestApi::begin_session(const http::HttpRequest& request) {
  const std::int64_t now_ms = view_.clock.wall_ms();
  // A form of another site can send neither, so that no site signs a visitor in as somebody else.
  if (!request.header("content-type").starts_with("application/json") || request.header(kConsoleHeader).empty())
    return response_of(
        refuse(415, "unsupported_media_type",
               fmt::format("To sign in, send JSON ({{\"token\": \"api-…\"}}) with the headers Content-Type: "
                           "application/json and {}: 1.",
                           kConsoleHeader)),
        now_ms);
  const auto body = parsed_body(request.body);
  if (!body) return response_of(tl::unexpected(body.error()), now_ms);
  const json token = body->is_object() ? body->value("token", json()) : json();
  if (!token.is_string()) return response_of(invalid("token: expected an access token, as text."), now_ms);
  const auto caller = gate_.owner_of(token.get<std::string>(), request.peer);
  if (!caller) return response_of(tl::unexpected(caller.error()), now_ms);
  return session_cookie(gate_.begin_session(*caller), kSessionSeconds, managed_->tls);
}

RestOutcome RestApi::outcome_of(const http::HttpRequest& request) {
  auto caller = gate_.caller_of(request);
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
  RestOutcome outcome =
      found->route->read != nullptr ? found->route->read(view_, call) : found->route->answer(*managed_, call);
  if (outcome && outcome->events)
    return guarded(std::move(*outcome), request, *found->route, std::move(call.path), *caller);
  return outcome;
}

// A stream ends when its caller may not open it any more, and after a session's time at the latest.
RestOutcome RestApi::guarded(RestAnswer answer, const http::HttpRequest& request, const Route& route,
                             std::vector<std::string> captured, const Caller& caller) {
  auto slot = streams_->take(caller);
  if (!slot)
    return rate_limited(
        slot.error() == EventStreamSlots::Full::of_token
            ? fmt::format("The access token \"{}\" has {} event streams open, which is the limit of one token. Close "
                          "one, or request pages.",
                          caller.name, kMaxEventStreamsOfToken)
            : fmt::format("{} event streams are open, which is the limit ({} of them are kept for administrators). "
                          "Close one, or request pages.",
                          streams_->open(), kEventStreamsForAdmins),
        view_.clock.wall_ms() + 60'000);
  const std::int64_t until_us = view_.clock.steady_us() + kSessionSeconds * 1'000'000;
  const auto may_read = [this, until_us, caller_now = gate_.caller_later(request), &route, path = std::move(captured)] {
    const auto now = caller_now();
    return now && admit(route, path, *now) && view_.clock.steady_us() < until_us;
  };
  answer.stream = feeds_.add([events = std::move(answer.events)](std::string& out) { return events->more(out); },
                             may_read, std::move(*slot));
  return answer;
}

void RestApi::answer(const http::HttpRequest& request, http::HttpResponder responder) {
  const auto with_limits = [this](http::HttpResponse response) {
    if (gate_.limits_calls()) add_rate(gate_.spent(), response);
    return response;
  };
  gate_.start_call();
  if (!managed_ && !is_read_of_declared(request))
    return responder(response_of(declared_refusal(), view_.clock.wall_ms()));
  if (request.path == kSessionPath) return responder(with_limits(session(request)));
  RestOutcome outcome = outcome_of(request);
  const Clock& clock = view_.clock;
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
