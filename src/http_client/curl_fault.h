// The cause of a failed libcurl transfer, as a code and as text. Pure.
#pragma once

#include <string>

#include "http_client/http_transport.h"

namespace sluice::http_client {

struct FaultFacts {
  int code = 0;          // CURLcode
  std::string words;     // libcurl's
  std::string host;      // host[:port] of the request
  std::string proxy;     // the proxy in use, without password; empty: none
  int proxy_status = 0;  // what the proxy answered to CONNECT; 0: nothing
  // Why no connection was made: sentences of the outbound policy. Empty: it is no matter of what is allowed.
  std::string forbidden;
  std::string body_failure = {};  // why the request's body could not be read; empty: it could
};

TransportFault fault_of(const FaultFacts& facts);
// "Could not resolve kinesis.eu-west-1.amazonaws.com: …"
std::string fault_text(const FaultFacts& facts);

}  // namespace sluice::http_client
