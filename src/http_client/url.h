// Parts of http and https URLs, which have passed a check before or are our own. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace sluice::http_client {

// "host" and "port" of host[:port]; an IPv6 host keeps its brackets, no port is empty.
std::pair<std::string_view, std::string_view> split_port(std::string_view host_and_port);
// "host[:port]", as the Host header has it: a default port omitted.
std::string host_header_of(std::string_view url);
// The host alone: lower case, without the brackets of IPv6 and the dots at its end.
std::string host_of(std::string_view url);

}  // namespace sluice::http_client
