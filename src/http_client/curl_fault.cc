#include "http_client/curl_fault.h"

#include <curl/curl.h>

#include <algorithm>

#include "base/process_environment.h"
#include "base/text.h"
#include "http_client/url.h"

namespace sluice::http_client {

namespace {

std::string without_password(std::string_view proxy) {
  const std::size_t scheme = proxy.find("://");
  const std::string_view before = scheme == std::string_view::npos ? std::string_view() : proxy.substr(0, scheme + 3);
  const std::string_view after = proxy.substr(before.size());
  const std::size_t user = after.rfind('@');
  return std::string(before) + std::string(user == std::string_view::npos ? after : after.substr(user + 1));
}

std::string first_of(const ProcessEnvironment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const auto value = environment(name)) return *value;
  }
  return {};
}

std::string_view what_failed(TransportFault fault) {
  switch (fault) {
    case TransportFault::none:
      return "Answered";
    case TransportFault::resolve:
      return "Could not resolve";
    case TransportFault::connect:
      return "Could not connect to";
    case TransportFault::tls:
      return "No trusted TLS connection to";
    case TransportFault::proxy:
      return "The proxy refused the connection to";
    case TransportFault::timeout:
      return "No answer in time from";
    case TransportFault::reset:
      return "The connection broke to";
    case TransportFault::other:
      break;
  }
  return "The exchange failed with";
}

}  // namespace

TransportFault fault_of(const FaultFacts& facts) {
  if (facts.code == CURLE_OK) return TransportFault::none;
  if (!facts.proxy.empty() && facts.proxy_status >= 400) return TransportFault::proxy;
  switch (facts.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return TransportFault::resolve;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
      return TransportFault::proxy;
    case CURLE_COULDNT_CONNECT:
      return facts.proxy.empty() ? TransportFault::connect : TransportFault::proxy;
    case CURLE_OPERATION_TIMEDOUT:
      return TransportFault::timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
      return TransportFault::tls;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return TransportFault::reset;
    default:
      return TransportFault::other;
  }
}

std::string fault_text(const FaultFacts& facts) {
  std::string text(what_failed(fault_of(facts)));
  text += ' ';
  text += facts.host;
  if (!facts.proxy.empty()) text += " through the proxy " + facts.proxy;
  text += ": " + facts.words;
  return text;
}

ProxyWords::ProxyWords(std::string_view proxy, std::string_view no_proxy) {
  if (!proxy.empty()) {
    http_ = https_ = without_password(proxy);
    no_proxy_ = no_proxy;
    return;
  }
  // As libcurl: HTTP_PROXY in capitals is not read, because a CGI server would set it from a request's header.
  const ProcessEnvironment environment = process_environment();
  http_ = without_password(first_of(environment, {"http_proxy", "all_proxy", "ALL_PROXY"}));
  https_ = without_password(first_of(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}));
  no_proxy_ = first_of(environment, {"no_proxy", "NO_PROXY"});
}

std::string ProxyWords::proxy_for(std::string_view url) const {
  const std::string& proxy = url.starts_with("https://") ? https_ : http_;
  if (proxy.empty()) return {};
  std::string host = lower(host_header_of(url));
  if (const std::size_t colon = host.rfind(':'); colon != std::string::npos && host.back() != ']') host.resize(colon);
  std::string_view rest = no_proxy_;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of(", "), rest.size());
    std::string name = lower(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (name == "*") return {};
    if (name.starts_with('.')) name.erase(0, 1);
    if (!name.empty() && (host == name || host.ends_with("." + name))) return {};
  }
  return proxy;
}

}  // namespace sluice::http_client
