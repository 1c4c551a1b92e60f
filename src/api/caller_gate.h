// Who makes a request on the admin port: an access token in Authorization, or the session of a browser. Counts calls,
// and wrong tokens, so that guessing is slow. On the admin loop only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "api/access.h"
#include "api/call_rate.h"
#include "api/rest_call.h"
#include "api/sessions.h"
#include "base/clock.h"
#include "http/server.h"
#include "storage/file_system.h"

namespace sluice::api {

// After this many different wrong tokens from one address within a minute, further wrong ones are answered 429
// until the minute is over: guessing is not worth trying.
inline constexpr std::size_t kMaxFailedAuthentications = 20;
inline constexpr std::int64_t kFailedAuthenticationWindowMs = 60'000;
inline constexpr std::size_t kMaxWatchedAddresses = 10'000;

// A browser's session, in a cookie that no script can read and no other site can send.
inline constexpr std::string_view kSessionCookie = "sluice_session";
// What a browser must send with every change, and to sign in: no form of another site can.
inline constexpr std::string_view kConsoleHeader = "X-Sluice-Console";

// Where tokens are looked up; both are called on every request.
struct CallerLookup {
  std::function<std::optional<Caller>(std::string_view token)> by_token;
  std::function<std::optional<Caller>(ObjectId token_id)> by_id;
};

class CallerGate {
 public:
  // What the lookups use, and `clock`, outlive this. `max_calls_per_s` of one token, or one address without; 0: any
  // number.
  CallerGate(CallerLookup lookup, const Clock& clock, std::uint64_t max_calls_per_s);
  // Sessions are kept in this file over restarts. Once, before the first request; `files` outlives this. A file that
  // cannot be read or written is logged: sessions then end with the process.
  void keep_sessions(storage::FileSystem& files, std::string path);

  // Of a request that begins; what it cost is in spent(). An error says what to send.
  RestResult<Caller> caller_of(const http::HttpRequest& request);
  // Whose token this is. Counts the call: for the token, or for the address of one without a right token.
  RestResult<Caller> owner_of(std::string_view token, std::string_view peer);
  // The caller of an admitted request later on, as long as it is one; counts nothing.
  std::function<std::optional<Caller>()> caller_later(const http::HttpRequest& request) const;

  // Whether there is such a caller; counts nothing: it is asked before a body is taken.
  bool knows(const http::HttpRequest& request) const { return caller_later(request)().has_value(); }

  std::string begin_session(const Caller& caller);
  // The session of this request's cookie, if it has one.
  void end_session(const http::HttpRequest& request);

  bool limits_calls() const { return by_token_.limits(); }
  void start_call() { spent_ = {}; }
  const CallRate::Spent& spent() const { return spent_; }

 private:
  struct Failures {
    std::int64_t since_ms = 0;
    // One wrong token over and over (a page left open, a script with an old one) is no guessing.
    std::set<std::size_t> different;  // hashes of tokens
  };
  void save_sessions();
  std::optional<Caller> caller_of_session(std::string_view id) const;
  // Counts the call; an error: it is one too many.
  RestResult<void> spend(const std::optional<Caller>& caller, std::string_view peer);
  // The answer to a token that nobody has.
  RestError refused(std::string_view token, std::string_view peer);

  const CallerLookup lookup_;
  const Clock& clock_;
  Sessions sessions_;
  storage::FileSystem* session_files_ = nullptr;  // null: they are not kept
  std::string session_path_;
  std::map<std::string, Failures, std::less<>> failures_;  // by address
  // Apart, so that no number of guesses takes a right token's room.
  CallRate by_token_, by_address_;
  CallRate::Spent spent_;  // of the call that is being answered
};

}  // namespace sluice::api
