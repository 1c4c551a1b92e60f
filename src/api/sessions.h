// Browser sessions of the console: a random id in a cookie stands for the access token that signed in, which the
// browser does not keep. Kept as text over restarts: hashes alone, with which nobody can sign in. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/object_id.h"

namespace sluice::api {

inline constexpr std::int64_t kSessionSeconds = 12 * 3600;  // a working day
// Of one access token; the oldest ends for a new one. A team that shares a token, each with a few browsers, fits.
inline constexpr std::size_t kMaxSessionsOfToken = 100;
// Of all tokens: about 1.5 MB. The oldest of all ends for a new one.
inline constexpr std::size_t kMaxSessions = 10'000;

class Sessions {
 public:
  // A new session's id: 64 hex digits, of 256 random bits. `now_ms`: wall clock, as below.
  std::string begin(ObjectId token, std::int64_t now_ms);
  // Whose session it is; nothing when it has ended or never was.
  std::optional<ObjectId> token(std::string_view id, std::int64_t now_ms) const;
  // False: there is no such session.
  bool end(std::string_view id);
  // One line each: the hash of its id (64 hex digits), the token's id (24), when it ends (milliseconds since 1970).
  std::string text() const;
  // Adds what text() gave. Lines that are none are left out.
  void read(std::string_view text, std::int64_t now_ms);
  std::size_t size() const { return by_hash_.size(); }

 private:
  struct Session {
    ObjectId token;
    std::int64_t until_ms = 0;
  };
  void make_room(ObjectId token, std::int64_t now_ms);

  // By the SHA-256 of the id: how long a comparison takes then says nothing about an id.
  std::map<std::string, Session, std::less<>> by_hash_;
};

}  // namespace sluice::api
