#include "http_client/curl_fault.h"

#include <curl/curl.h>

#include <string_view>

namespace sluice::http_client {

namespace {

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
    case TransportFault::forbidden:
    case TransportFault::body:
    case TransportFault::other:
      break;
  }
  return "The exchange failed with";
}

}  // namespace

TransportFault fault_of(const FaultFacts& facts) {
  if (facts.code == CURLE_OK) return TransportFault::none;
  if (!facts.forbidden.empty()) return TransportFault::forbidden;
  if (!facts.body_failure.empty()) return TransportFault::body;
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
  if (!facts.forbidden.empty()) return facts.forbidden;
  if (!facts.body_failure.empty()) return facts.body_failure;
  std::string text(what_failed(fault_of(facts)));
  text += ' ';
  text += facts.host;
  if (!facts.proxy.empty()) text += " through the proxy " + facts.proxy;
  text += ": " + facts.words;
  return text;
}

}  // namespace sluice::http_client
