// What browsers need in an answer before they show it to the SDK (https://fetch.spec.whatwg.org/#http-cors-protocol).
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/snapshot.h"

namespace sluice::intake {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// Appends the headers for a browser path. `origin`: the request's Origin, empty when it has none. `environment` says
// which origins and headers are allowed; null when it is not known: any, and the SDKs' own.
void append_cors_headers(HttpHeaders& out, std::string_view origin, std::string_view allowed_methods,
                         const catalog::Environment* environment);

}  // namespace sluice::intake
