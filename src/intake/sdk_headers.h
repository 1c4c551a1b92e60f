// What an SDK says in its headers (docs/sdk-protocol.md). Pure; views point into the request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "event/entry.h"
#include "http/server.h"

namespace sluice::intake {

// Of a header's or a path's text, this much goes into a log line.
inline constexpr std::size_t kLoggedText = 128;

// Browser SDKs cannot set User-Agent and have a header of their own for it.
std::string_view user_agent(const http::HttpRequest& request);
// The SDK key or mobile key; empty: none.
std::string_view credential_of(const http::HttpRequest& request);
// Who sends the payload, and how it is to be read. `gif`: it came in a picture's address.
event::PayloadSource payload_source(const http::HttpRequest& request, CredentialKind credential, bool gif);

}  // namespace sluice::intake
