#include "http_client/url.h"

#include <algorithm>

#include "base/text.h"
#include "http_client/ip_address.h"

namespace sluice::http_client {

namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

bool valid_host(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    const std::string_view inside = host.substr(1, host.size() - 2);
    return inside.find(':') != std::string_view::npos && ip_address_of(std::string(inside)).has_value();
  }
  if (host.empty() || host.front() == '.') return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  });
}

bool valid_port(std::string_view port) {
  if (port.empty() || port.size() > 5) return false;
  int value = 0;
  for (const char c : port) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  return value >= 1 && value <= 65'535;
}

}  // namespace

Result<UrlParts> parse_url(std::string_view url) {
  UrlParts parts;
  if (!url.empty() && (url.front() == ' ' || url.back() == ' ')) return fail("has a space before or after it");
  parts.https = url.starts_with(kHttps);
  if (!parts.https && !url.starts_with(kHttp)) return fail("does not begin with https:// or http://");
  const std::string_view rest = url.substr(parts.https ? kHttps.size() : kHttp.size());
  if (rest.find('#') != std::string_view::npos) return fail("has a fragment");
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  parts.host_and_port = rest.substr(0, end);
  parts.path_and_query = rest.substr(end);
  if (parts.host_and_port.find('@') != std::string_view::npos) return fail("contains a user name");
  const auto [host, port] = split_port(parts.host_and_port);
  if (!valid_host(host)) return fail("has no valid host");
  if (host.size() < parts.host_and_port.size() && !valid_port(port)) return fail("has no valid port");
  const auto printable = [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; };
  if (!std::all_of(parts.path_and_query.begin(), parts.path_and_query.end(), printable))
    return fail("has a path with a character that URLs do not allow");
  return parts;
}

std::string with_lower_scheme(std::string_view url) {
  for (const std::string_view scheme : {kHttp, kHttps})
    if (const std::string_view given = url.substr(0, scheme.size()); equals_ignoring_case(given, scheme))
      return std::string(scheme) + std::string(url.substr(scheme.size()));
  return std::string(url);
}

std::string fault_of_host(std::string_view url) {
  const std::string host = host_of(url);
  if (ip_address_of(host)) return {};
  constexpr std::size_t kMaxLabel = 63, kMaxHost = 253;
  if (host.size() > kMaxHost) return "has a host of more than 253 characters";
  for (std::size_t at = 0; at <= host.size();) {
    const std::size_t dot = std::min(host.find('.', at), host.size());
    const std::string_view label = std::string_view(host).substr(at, dot - at);
    if (label.empty()) return "has a host with nothing between two dots";
    if (label.front() == '-' || label.back() == '-') return "has a host with a part that begins or ends with a hyphen";
    if (label.size() > kMaxLabel) return "has a host with a part of more than 63 characters";
    at = dot + 1;
  }
  return {};
}

std::pair<std::string_view, std::string_view> split_port(std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == std::string_view::npos) return {authority, {}};
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

std::string host_header_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const bool https = url.starts_with("https://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  const std::size_t user = url.rfind('@');
  if (user != std::string_view::npos) url.remove_prefix(user + 1);
  const auto [host, port] = split_port(url);
  if (port == (https ? "443" : "80")) return std::string(host);
  return std::string(url);
}

std::string host_of(std::string_view url) {
  std::string host = lower(host_header_of(url));
  if (host.starts_with('[')) return host.substr(1, std::min(host.find(']'), host.size()) - 1);
  host.resize(std::min(host.find(':'), host.size()));
  while (host.ends_with('.')) host.pop_back();
  return host;
}

}  // namespace sluice::http_client
