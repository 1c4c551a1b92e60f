#include "destinations/call_error.h"

#include <array>

#include "base/text.h"
#include "base/utf8.h"

namespace sluice::destinations {
namespace {

std::string_view fault_code(http_client::TransportFault fault) {
  switch (fault) {
    case http_client::TransportFault::resolve:
      return "cannot_resolve";
    case http_client::TransportFault::connect:
      return "cannot_connect";
    case http_client::TransportFault::tls:
      return "tls_failed";
    case http_client::TransportFault::proxy:
      return "proxy_failed";
    case http_client::TransportFault::timeout:
      return "timeout";
    case http_client::TransportFault::reset:
      return "connection_reset";
    case http_client::TransportFault::forbidden:
      return "address_forbidden";
    case http_client::TransportFault::body:
      return "body_unreadable";
    case http_client::TransportFault::none:
    case http_client::TransportFault::other:
      break;
  }
  return "transport_failed";
}

}  // namespace

std::string_view error_class_name(ErrorClass error_class) {
  constexpr std::array<std::string_view, 5> kNames = {"throttle", "transient", "credentials", "setup", "poison"};
  return kNames[static_cast<std::size_t>(error_class)];
}

CallError error_of_fault(const http_client::HttpResponse& response) {
  CallError error;
  error.fault = response.fault;
  error.code = fault_code(response.fault);
  if (!http_client::proxy_remedy(response.proxy_status).empty()) {
    error.status = response.proxy_status;
    error.code = response.proxy_status == 407 ? "proxy_credentials" : "proxy_refused";
  }
  error.message = response.fault_text;
  return error;
}

bool is_of_another(std::string_view code, std::string_view request_id) {
  return code.starts_with("http_") && request_id.empty();
}

std::string words_of_body(std::string_view body) {
  constexpr std::size_t kMostShownBytes = 200;
  return printable(shown_words(body, kMostShownBytes));
}

}  // namespace sluice::destinations
