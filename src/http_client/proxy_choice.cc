#include "http_client/proxy_choice.h"

#include <algorithm>

#include "base/process_environment.h"
#include "base/text.h"
#include "http_client/ip_address.h"
#include "http_client/url.h"

namespace sluice::http_client {

namespace {

std::string first_of(const ProcessEnvironment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const auto value = environment(name)) return *value;
  }
  return {};
}

bool is_or_is_below(const std::string& host, std::string name) {
  while (name.ends_with('.')) name.pop_back();
  if (name.starts_with('.')) name.erase(0, 1);
  return !name.empty() && (host == name || host.ends_with("." + name));
}

}  // namespace

ProxyChoice::ProxyChoice(std::string_view proxy, std::string_view no_proxy) {
  if (!proxy.empty()) {
    http_ = https_ = proxy;
    no_proxy_ = no_proxy;
    return;
  }
  // As libcurl: HTTP_PROXY in capitals is not read, because a CGI server would set it from a request's header.
  const ProcessEnvironment environment = process_environment();
  http_ = first_of(environment, {"http_proxy", "all_proxy", "ALL_PROXY"});
  https_ = first_of(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  no_proxy_ = first_of(environment, {"no_proxy", "NO_PROXY"});
}

std::string ProxyChoice::proxy_for(std::string_view url) const {
  const std::string& proxy = url.starts_with("https://") ? https_ : http_;
  return proxy.empty() || is_exception(host_of(url)) ? std::string() : proxy;
}

bool ProxyChoice::is_exception(const std::string& host) const {
  const auto address = ip_address_of(host);
  std::string_view rest = no_proxy_;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of(", "), rest.size());
    const std::string name = lower(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (name == "*") return true;
    const auto network = address ? ip_network_of(name) : std::nullopt;
    if (address ? network && network->holds(*address) : is_or_is_below(host, name)) return true;
  }
  return false;
}

std::string without_password(std::string_view proxy) {
  const std::size_t scheme = proxy.find("://");
  const std::string_view before = scheme == std::string_view::npos ? std::string_view() : proxy.substr(0, scheme + 3);
  const std::string_view after = proxy.substr(before.size());
  const std::size_t user = after.rfind('@');
  return std::string(before) + std::string(user == std::string_view::npos ? after : after.substr(user + 1));
}

}  // namespace sluice::http_client
