#include "http_client/url.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::http_client {

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
