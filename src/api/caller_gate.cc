#include "api/caller_gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/rest_routes.h"
#include "base/log.h"
#include "http/address_count.h"
#include "storage/whole_file.h"

namespace sluice::api {
namespace {

// The session among the cookies of a request; empty: there is none.
std::string_view session_of(std::string_view cookies) {
  for (std::string_view cookie : split_text(cookies, ';')) {
    cookie.remove_prefix(std::min(cookie.find_first_not_of(' '), cookie.size()));
    if (cookie.starts_with(kSessionCookie) && cookie.substr(kSessionCookie.size()).starts_with('='))
      return cookie.substr(kSessionCookie.size() + 1);
  }
  return {};
}

// The access token in Authorization; empty: none.
std::string_view token_of(const http::HttpRequest& request) {
  std::string_view token = request.header("authorization");
  if (token.starts_with("Bearer ")) token.remove_prefix(7);
  return token;
}

RestError unauthorized(std::string message) { return {401, "unauthorized", std::move(message), {}}; }

}  // namespace

CallerGate::CallerGate(CallerLookup lookup, const Clock& clock, std::uint64_t max_calls_per_s)
    : lookup_(std::move(lookup)), clock_(clock), by_token_(max_calls_per_s), by_address_(max_calls_per_s) {}

std::optional<Caller> CallerGate::caller_of_session(std::string_view id) const {
  if (id.empty()) return std::nullopt;
  const auto token = sessions_.token(id, clock_.wall_ms());
  return token ? lookup_.by_id(*token) : std::nullopt;
}

RestResult<void> CallerGate::spend(const std::optional<Caller>& caller, std::string_view peer) {
  const std::int64_t now_ms = clock_.wall_ms();
  spent_ =
      caller ? by_token_.spend(caller->token_id.hex(), now_ms) : by_address_.spend(http::counted_address(peer), now_ms);
  if (!spent_.over) return {};
  return rate_limited(
      fmt::format(
          "{} made {} calls within {} s. Continue in {} s; admin.max_calls_per_s sets the limit.",
          caller ? fmt::format("The access token \"{}\"", caller->name) : "This address, without a valid token,",
          by_token_.most_in_window(), kRateWindowMs / 1'000, (spent_.next_window_ms - now_ms + 999) / 1'000),
      spent_.next_window_ms);
}

RestResult<Caller> CallerGate::owner_of(std::string_view token, std::string_view peer) {
  // A valid token passes even while others guess from the same address: many callers may come through one proxy.
  auto caller = token.empty() ? std::nullopt : lookup_.by_token(token);
  if (auto within = spend(caller, peer); !within) return tl::unexpected(within.error());
  if (caller) return std::move(*caller);
  return tl::unexpected(refused(token, peer));
}

RestError CallerGate::refused(std::string_view token, std::string_view peer) {
  const std::int64_t now_ms = clock_.wall_ms();
  const auto known = failures_.find(peer);
  if (known != failures_.end() && now_ms - known->second.since_ms >= kFailedAuthenticationWindowMs) {
    failures_.erase(known);
  } else if (known != failures_.end() && known->second.different.size() >= kMaxFailedAuthentications) {
    return rate_limited("Too many wrong access tokens from this address. Try again in a minute.",
                        known->second.since_ms + kFailedAuthenticationWindowMs)
        .value();
  }
  if (token.empty())
    return unauthorized("Invalid access token: there is no Authorization header. Send an access token in it.");
  if (failures_.size() >= kMaxWatchedAddresses) failures_.clear();
  Failures& failures = failures_[std::string(peer)];
  if (failures.different.empty()) failures.since_ms = now_ms;
  failures.different.insert(std::hash<std::string_view>{}(token));
  if (token.starts_with("sdk-") || token.starts_with("mob-"))
    return unauthorized(
        "Invalid access token: this is an SDK key. The API accepts access tokens, which begin with api-.");
  return unauthorized("Invalid access token");
}

RestResult<Caller> CallerGate::caller_of(const http::HttpRequest& request) {
  if (!request.header("authorization").empty()) return owner_of(token_of(request), request.peer);
  const std::string_view session = session_of(request.header("cookie"));
  if (session.empty()) return owner_of({}, request.peer);
  auto caller = caller_of_session(session);
  if (auto within = spend(caller, request.peer); !within) return tl::unexpected(within.error());
  if (!caller)
    return tl::unexpected(
        unauthorized("This session has ended: it was signed out, is older than 12 hours, or its access "
                     "token was deleted. Sign in again."));
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads && request.header(kConsoleHeader).empty())
    return refuse(403, "forbidden",
                  fmt::format("A change in a browser's session needs the header {}: 1, so that no other site can make "
                              "it. Programs send an access token in Authorization instead.",
                              kConsoleHeader));
  return std::move(*caller);
}

std::function<std::optional<Caller>()> CallerGate::caller_later(const http::HttpRequest& request) const {
  if (!request.header("authorization").empty())
    return [this, token = std::string(token_of(request))] { return lookup_.by_token(token); };
  return [this, session = std::string(session_of(request.header("cookie")))] { return caller_of_session(session); };
}

void CallerGate::keep_sessions(storage::FileSystem& files, std::string path) {
  session_files_ = &files;
  session_path_ = std::move(path);
  const auto kept = storage::read_whole(files, session_path_);
  if (!kept) return log_warn("sessions.not_read", {{"file", session_path_}, {"reason", kept.error().message}});
  if (*kept) sessions_.read(**kept, clock_.wall_ms());
}

void CallerGate::save_sessions() {
  if (session_files_ == nullptr) return;
  if (const auto saved = storage::replace_whole(*session_files_, session_path_, sessions_.text()); !saved)
    log_warn("sessions.not_saved", {{"file", session_path_}, {"reason", saved.error().message}});
}

std::string CallerGate::begin_session(const Caller& caller) {
  std::string id = sessions_.begin(caller.token_id, clock_.wall_ms());
  save_sessions();
  return id;
}

void CallerGate::end_session(const http::HttpRequest& request) {
  // Not for a stranger's cookie: what nobody has costs no write.
  if (sessions_.end(session_of(request.header("cookie")))) save_sessions();
}

}  // namespace sluice::api
