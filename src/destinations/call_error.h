// A call to a destination that failed as a whole, and what kind of trouble it means: what retry, circuit breaker and
// bisecting decide by. Which answer is of which class is its kind's matter. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http_client/http_transport.h"

namespace sluice::destinations {

enum class ErrorClass : std::uint8_t {
  throttle,     // too fast: again, later, slower
  transient,    // the destination or the way to it fails for a time: again, later
  credentials,  // not taken: fetch new ones once, then slowly
  setup,        // only a person can fix it: keep everything and probe
  poison,       // the content is refused: find the record
};
std::string_view error_class_name(ErrorClass error_class);

struct CallError {
  http_client::TransportFault fault = http_client::TransportFault::none;
  int status = 0;       // of a fault: what a proxy answered to CONNECT
  std::string code;     // the destination's; "http_503" when it gave none, "timeout", "cannot_connect", … for a fault
  std::string message;  // the destination's or the transport's
  std::string request_id;  // the destination's, when it gave one
};

// Of an answer that is a fault: the transport's, or a proxy's refusal ("proxy_credentials", "proxy_refused").
CallError error_of_fault(const http_client::HttpResponse& response);
// The first words of a body that is no error of the destination's: a proxy's or load balancer's page shows who
// answered.
std::string words_of_body(std::string_view body);
// Whether an error with this code and request id was answered by something on the way rather than by AWS, whose
// services name both.
bool is_of_another(std::string_view code, std::string_view request_id);
inline constexpr std::string_view kRemedyOfAnother =
    "Something on the way answers in its place: check the proxy, firewall or load balancer, and the endpoint in the "
    "destination's settings. Sluice keeps retrying.";

}  // namespace sluice::destinations
