// AWS credentials: their sources, and their renewal.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/worker.h"
#include "http_client/http_transport.h"

namespace sluice::aws {

// Something that works, but that a person should know.
struct CredentialsNote {
  std::string code;     // stable, for machines: "session_policy_left_out"
  std::string message;  // for a person
  std::string remedy;
};

// Never printed or logged.
struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;    // empty for long-term keys
  std::int64_t expires_ms = 0;  // wall clock; 0: never
  std::string source;           // for a person: "environment", "instance metadata", "role arn:…"
  std::vector<CredentialsNote> notes = {};
};

struct CredentialsError {
  enum class Kind : std::uint8_t {
    none_found,   // no source had any; the message lists where was looked and what each said
    denied,       // STS or a source refused: only a person can fix it
    unreachable,  // could not be asked; will be asked again
    invalid,      // a source answered with something else than credentials
  };
  Kind kind = Kind::unreachable;
  std::string code;     // AWS's code, if any
  std::string message;  // for a person: the place that failed and its own words
  std::string request_id;
  std::string remedy = {};  // of the place that failed; empty: what the kind suggests
  // STS refused the role that a destination names. Otherwise Sluice's own identity failed, and the role is not at
  // fault.
  bool of_role = false;
  bool passing = false;    // the first failure in a row, tried again within 2 s: nobody need act yet
  bool from_base = false;  // reported by the credentials that the role is assumed with; asking again costs nothing
};

// One source of credentials. fetch() blocks (files, processes, HTTP) and is only called by a
// CredentialsCache's worker.
class CredentialsSource {
 public:
  virtual ~CredentialsSource() = default;
  virtual tl::expected<Credentials, CredentialsError> fetch() = 0;
};

// Renews one source's credentials in the background: refreshes before expiry with jitter, keeps old ones while they are
// valid, never runs two fetches at once. Any thread may read; only await_first_answer() blocks.
class CredentialsCache {
 public:
  // `changed` is called by the cache's worker whenever current() or error() changed. It fetches from the first call of
  // current(), error() or await_first_answer() on: a server that starts with thousands of destinations has none of
  // their workers beside it.
  CredentialsCache(std::unique_ptr<CredentialsSource> source, const Clock& clock, std::function<void()> changed,
                   Workers& workers = worker_threads());
  ~CredentialsCache();
  // Null when there are none, or they have less than 15 s left: see error().
  std::shared_ptr<const Credentials> current() const;
  // Why the last refresh failed; nothing when it succeeded.
  std::optional<CredentialsError> error() const;
  // Blocks until the source has answered for the first time, or this long: for a source that signs with these.
  void await_first_answer(std::chrono::milliseconds at_most) const;
  // AWS refused these: fetch new ones now, single flight. Ignored when current() is no longer `refused`.
  void refuse(const std::shared_ptr<const Credentials>& refused);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::aws
