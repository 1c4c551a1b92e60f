// Parts of http and https URLs. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace sluice::http_client {

struct UrlParts {
  bool https = false;
  std::string_view host_and_port;   // as written
  std::string_view path_and_query;  // empty, or from its slash or question mark on
};

// For URLs that people give: http or https, a host of letters, digits and -._ or an address, a valid port if any, no
// user name, no fragment, and only characters that URLs have. What passes means to libcurl what it means here. An error
// completes "The address …": "contains a user name".
Result<UrlParts> parse_url(std::string_view url);

// The same URL with "http" or "https" in lower case, as parse_url() expects it: a scheme may be written in either.
std::string with_lower_scheme(std::string_view url);

// Of a URL that parse_url() passes: why its host can be no name; completes "The address …". Empty: nothing.
std::string fault_of_host(std::string_view url);

// The following are for URLs that passed a check before, or are our own.

// "host" and "port" of host[:port]; an IPv6 host keeps its brackets, no port is empty.
std::pair<std::string_view, std::string_view> split_port(std::string_view host_and_port);
// "host[:port]", as the Host header has it: a default port omitted.
std::string host_header_of(std::string_view url);
// The host alone: lower case, without the brackets of IPv6 and the dots at its end.
std::string host_of(std::string_view url);

}  // namespace sluice::http_client
