#include "http_client/http_transport.h"

namespace sluice::http_client {

std::string_view HttpResponse::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

std::string_view proxy_remedy(int proxy_status) {
  if (proxy_status == 407)
    return "The proxy wants credentials, or refuses those it got. Set them in HTTPS_PROXY, or http_proxy for a plain "
           "http "
           "endpoint, as http://user:password@host:port; NO_PROXY lists hosts that are reached without it.";
  if (proxy_status == 401 || proxy_status == 403)
    return "The proxy does not allow this host. Allow it there, or list it in NO_PROXY if it can be reached without "
           "the "
           "proxy.";
  return {};
}

}  // namespace sluice::http_client
