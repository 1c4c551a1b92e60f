// Which proxy a URL is reached through. The transport decides it here and tells libcurl, which has rules of its own:
// what is checked because a connection is direct and what is connected to directly must be the same.
#pragma once

#include <string>
#include <string_view>

namespace sluice::http_client {

class ProxyChoice {
 public:
  // `proxy`: for every URL but those of `no_proxy`. Empty: as libcurl reads the environment, once: HTTPS_PROXY,
  // https_proxy, http_proxy, ALL_PROXY, all_proxy; NO_PROXY, no_proxy.
  ProxyChoice(std::string_view proxy, std::string_view no_proxy);
  // [scheme://][user:password@]host:port; empty when the URL is reached directly.
  std::string proxy_for(std::string_view url) const;

 private:
  bool is_exception(const std::string& host) const;

  std::string http_;
  std::string https_;
  std::string no_proxy_;  // hosts with all below them, addresses, networks; by commas or spaces; "*": all
};

// The proxy as messages show it.
std::string without_password(std::string_view proxy);

}  // namespace sluice::http_client
