// What browsers need in an answer before they show it to the SDK (https://fetch.spec.whatwg.org/#http-cors-protocol).
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/snapshot.h"

namespace sluice::intake {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// What a browser's request says of it. Empty: nothing.
struct CorsRequest {
  std::string_view origin;             // Origin
  std::string_view requested_headers;  // Access-Control-Request-Headers: the SDK's, and those that tracing agents add
  bool private_network = false;        // Access-Control-Request-Private-Network: true
};

// Of what a preflight asks for, this much is answered; a longer list gets the SDKs' own headers.
inline constexpr std::size_t kMaxRequestedHeaderBytes = 4096;

// Appends the headers for a browser path. `environment` says which origins are allowed, and which headers when the
// request names none; null when it is not known: any, and the SDKs' own.
void append_cors_headers(HttpHeaders& out, const CorsRequest& request, std::string_view allowed_methods,
                         const catalog::Environment* environment);

}  // namespace sluice::intake
