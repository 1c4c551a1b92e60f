// Where the redirect of an answer leads. The transports follow none; who does decides here whether it may. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::http_client {

// Whether a GET with this status is to be repeated elsewhere: 301, 302, 303, 307, 308.
bool is_redirect(int status);

// The address that a Location means, which may be relative, without its fragment. An error says why it is not followed:
// there is none, it is no http or https address that parse_url() passes, or it leads from https to http.
Result<std::string> redirect_target(const std::string& url, std::string_view location);

// Whether what is sent to `url` may be sent to `other`, secrets included: the host and the port are the same, and
// neither or both are https; or it is the same host on the default ports, and https took the place of http.
bool may_send_secrets(const std::string& url, const std::string& other);

}  // namespace sluice::http_client
